"""A meter that is not ours: a server of the PyPI package pymodbus.

Arguments: `tcp [PORT]`, or `rtu PATH BAUD PARITY STOP_BITS`. The first line of
standard output is a JSON object with `listening`. Each line of standard input is
a JSON list of values to be put into registers, all at once, and is answered by a
line `{"set": N}`. It ends with its standard input.

A register that was never set does not exist: it is answered by an exception.
"""

import asyncio
import json
import struct
import sys
import threading

from pymodbus import FramerType
from pymodbus.datastore import ModbusDeviceContext, ModbusServerContext, ModbusSparseDataBlock
from pymodbus.server import ModbusSerialServer, ModbusTcpServer

FORMATS = {
    "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i",
    "u64": ">Q", "i64": ">q", "f32": ">f", "f64": ">d",
}


def words(item):
    """The words of a value, packed here and not by the program under test."""
    if "words" in item:
        return item["words"]
    packed = struct.pack(FORMATS[item["type"]], item["value"])
    pairs = [packed[at : at + 2] for at in range(0, len(packed), 2)]
    if item.get("byte_order") == "low-first":
        pairs = [pair[::-1] for pair in pairs]
    if item.get("word_order") == "low-first":
        pairs = pairs[::-1]
    return [int.from_bytes(pair, "big") for pair in pairs]


class Meters:
    """All units, made as they are named."""

    def __init__(self):
        self.blocks = {}
        self.context = ModbusServerContext(devices={}, single=False)

    def block(self, unit, function):
        if unit not in self.blocks:
            pair = {name: ModbusSparseDataBlock({}, mutable=True) for name in ("input", "holding")}
            self.blocks[unit] = pair
            self.context[unit] = ModbusDeviceContext(ir=pair["input"], hr=pair["holding"])
        return self.blocks[unit][function]

    def set(self, items):
        for item in items:
            block = self.block(item.get("unit", 1), item["function"])
            for place, word in enumerate(words(item)):
                # The package counts a block's registers from 1.
                block.values[item["address"] + 1 + place] = word


def say(text):
    print(json.dumps(text), flush=True)


def listen(loop, meters, done):
    for line in sys.stdin:
        items = json.loads(line)

        def put(items=items):
            meters.set(items)
            say({"set": len(items)})

        loop.call_soon_threadsafe(put)
    loop.call_soon_threadsafe(done.set)


async def main(kind, *arguments):
    meters = Meters()
    if kind == "tcp":
        port = int(arguments[0]) if arguments else 0
        server = ModbusTcpServer(meters.context, address=("127.0.0.1", port), ignore_missing_devices=True)
    else:
        path, baud, parity, stop_bits = arguments
        server = ModbusSerialServer(
            meters.context, framer=FramerType.RTU, port=path, baudrate=int(baud),
            parity=parity, stopbits=int(stop_bits), ignore_missing_devices=True,
        )
    serving = asyncio.create_task(server.serve_forever(background=True))
    await serving
    if kind == "tcp":
        port = server.transport.sockets[0].getsockname()[1]
        say({"listening": f"127.0.0.1:{port}"})
    else:
        say({"listening": arguments[0]})
    done = asyncio.Event()
    threading.Thread(target=listen, args=(asyncio.get_running_loop(), meters, done), daemon=True).start()
    await done.wait()
    await server.shutdown()


asyncio.run(main(*sys.argv[1:]))
