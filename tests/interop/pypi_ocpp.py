"""A central system made of the PyPI package `ocpp`, which checks each message of
both directions against OCPP 1.6's JSON schemas. It plays nothing by itself: the
test that starts it does, and tells it what to call (`tests/interop/foreign.rs`
says how the two speak).
"""

import asyncio
import dataclasses
import json
import logging
import sys
from datetime import datetime, timezone

import ocpp.charge_point
import websockets
from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action

COUNTS = {"in": 0, "out": 0, "errors": 0, "checked": 0}


def tell(**facts):
    # The package makes decimal numbers of limits.
    print(json.dumps(facts, default=float), flush=True)


def watch_validation():
    """Counts each message that the package checks, and tells each that it
    refuses, whatever it does about it."""
    validate = ocpp.charge_point.validate_payload

    async def noting(message, version):
        COUNTS["checked"] += 1
        try:
            return await validate(message, version)
        except Exception as error:
            tell(broken=f"{type(error).__name__}: {error}: {message}")
            raise

    ocpp.charge_point.validate_payload = noting


class Socket:
    """Tells each frame as it passes."""

    def __init__(self, inner, number):
        self.inner = inner
        self.number = number

    def note(self, direction, text):
        COUNTS[direction] += 1
        try:
            if json.loads(text)[0] == 4:
                COUNTS["errors"] += 1
        except (ValueError, LookupError, TypeError):
            tell(broken=f"no OCPP-J: {text}")
        tell(frame=direction, connection=self.number, text=text)

    async def recv(self):
        text = await self.inner.recv()
        self.note("in", text)
        return text

    async def send(self, text):
        self.note("out", text)
        await self.inner.send(text)


def now():
    return datetime.now(timezone.utc).isoformat()


class Central(ChargePoint):
    """Accepts everything but the card STRANGER."""

    transactions = 0

    @on(Action.boot_notification)
    def on_boot(self, **facts):
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)
    def on_status(self, **facts):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, id_tag):
        status = "Invalid" if id_tag == "STRANGER" else "Accepted"
        return call_result.Authorize(id_tag_info={"status": status})

    @on(Action.start_transaction)
    def on_start(self, **facts):
        Central.transactions += 1
        return call_result.StartTransaction(
            transaction_id=Central.transactions, id_tag_info={"status": "Accepted"}
        )

    @on(Action.meter_values)
    def on_meter_values(self, **facts):
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **facts):
        return call_result.StopTransaction(id_tag_info={"status": "Accepted"})

    @on(Action.firmware_status_notification)
    def on_firmware_status(self, **facts):
        return call_result.FirmwareStatusNotification()

    @on(Action.diagnostics_status_notification)
    def on_diagnostics_status(self, **facts):
        return call_result.DiagnosticsStatusNotification()

    @on(Action.data_transfer)
    def on_data_transfer(self, **facts):
        return call_result.DataTransfer(status="UnknownVendorId")


async def ask(central, number, action, payload):
    """One call of ours, and what the package makes of the answer."""
    try:
        request = getattr(call, action)(**camel_to_snake_case(payload))
        answer = await central.call(request, suppress=False)
    except OCPPError as error:
        tell(answer=number, code=error.code, description=error.description)
    except Exception as error:
        tell(answer=number, code=type(error).__name__, description=str(error))
    else:
        facts = remove_nones(dataclasses.asdict(answer))
        tell(answer=number, result=snake_to_camel_case(facts))


async def obey(connections):
    """Makes the calls that standard input names, until it ends."""
    asked = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        task = asyncio.create_task(
            ask(connections[-1], order["call"], order["action"], order["payload"])
        )
        asked.add(task)
        task.add_done_callback(asked.discard)


async def main():
    # It logs what it refuses, with all that it was doing; here it is told.
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)
    watch_validation()
    connections = []

    async def connected(socket):
        number = len(connections) + 1
        identity = socket.request.path.rsplit("/", 1)[-1]
        central = Central(identity, Socket(socket, number))
        connections.append(central)
        tell(opened=number, path=socket.request.path, subprotocol=socket.subprotocol)
        try:
            await central.start()
        except websockets.ConnectionClosed:
            pass
        tell(closed=number)

    async with websockets.serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        port = server.sockets[0].getsockname()[1]
        tell(listening=f"ws://127.0.0.1:{port}/ocpp")
        await obey(connections)
        tell(counts=COUNTS)


asyncio.run(main())
