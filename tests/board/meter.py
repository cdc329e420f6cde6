"""A meter of the SDM120 family on a serial line that arrives over TCP: a pymodbus
server with the RTU framer. Lines on standard input set the power in W; the energy
follows. Prints its port, and each register that was asked for first.
"""

import asyncio
import struct
import sys
import threading
import time

from pymodbus import FramerType
from pymodbus.datastore import (
    ModbusSequentialDataBlock,
    ModbusServerContext,
    ModbusSlaveContext,
)
from pymodbus.server import ModbusTcpServer

VOLTAGE, CURRENT, POWER, FREQUENCY, ENERGY = 0x00, 0x06, 0x0C, 0x46, 0x48
VOLTS = 230.0


class Meter(ModbusSequentialDataBlock):
    """Registers that are worked out when they are asked for."""

    def __init__(self):
        super().__init__(0, [0] * 0x400)
        self.lock = threading.Lock()
        self.power = 0.0
        self.kwh = 12.5
        self.at = time.monotonic()

    def set_power(self, watts):
        with self.lock:
            self.advance()
            self.power = watts

    def advance(self):
        now = time.monotonic()
        self.kwh += self.power * (now - self.at) / 3_600_000
        self.at = now

    def getValues(self, address, count=1):
        with self.lock:
            self.advance()
            values = {
                VOLTAGE: VOLTS,
                CURRENT: self.power / VOLTS,
                POWER: self.power,
                FREQUENCY: 50.0,
                ENERGY: self.kwh,
            }
        words = {}
        for register, value in values.items():
            high, low = struct.unpack(">HH", struct.pack(">f", value))
            words[register], words[register + 1] = high, low
        # The context counts registers from 1.
        first = address - 1
        return [words.get(each, 0) for each in range(first, first + count)]


async def main():
    meter = Meter()
    context = ModbusServerContext(slaves=ModbusSlaveContext(ir=meter), single=True)
    server = ModbusTcpServer(context, framer=FramerType.RTU, address=("127.0.0.1", 0))
    await server.listen()
    print(server.transport.sockets[0].getsockname()[1], flush=True)

    def commands():
        for line in sys.stdin:
            meter.set_power(float(line))

    threading.Thread(target=commands, daemon=True).start()
    await asyncio.Event().wait()


asyncio.run(main())
