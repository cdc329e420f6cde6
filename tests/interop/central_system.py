"""A central system made of the PyPI package `ocpp`, which checks each message
against OCPP 1.6's JSON schemas, in both directions.

It prints `listening URL`, reads the URL of a charger's control API from standard
input, plays sessions with that charger and says what it sees. Exit code 0: all
was as expected and no frame of either direction broke a schema.
"""

import asyncio
import json
import sys
import urllib.request
from datetime import datetime, timezone

import ocpp.charge_point
import websockets
from ocpp.exceptions import OCPPError
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action

PATIENCE = 30
BAD_FRAMES = []
FRAMES = {"in": 0, "out": 0}


def watch_validation():
    """Notes each message that the package refuses, whatever it does about it."""
    validate = ocpp.charge_point.validate_payload

    async def noting(message, version):
        try:
            return await validate(message, version)
        except Exception as error:
            BAD_FRAMES.append(f"{type(error).__name__}: {error}: {message}")
            raise

    ocpp.charge_point.validate_payload = noting


class Socket:
    """Counts frames, and looks for errors that the package swallows."""

    def __init__(self, inner):
        self.inner = inner

    async def recv(self):
        text = await self.inner.recv()
        FRAMES["in"] += 1
        if json.loads(text)[0] == 4:
            print("charger's CALLERROR:", text, flush=True)
        return text

    async def send(self, text):
        FRAMES["out"] += 1
        if json.loads(text)[0] == 4:
            BAD_FRAMES.append(f"the central system had to answer {text}")
        await self.inner.send(text)


class Central(ChargePoint):
    """Answers everything and remembers what came."""

    transactions = 0

    def __init__(self, identity, socket):
        super().__init__(identity, socket)
        self.seen = []
        self.news = asyncio.Condition()

    async def note(self, what, **facts):
        async with self.news:
            self.seen.append((what, facts))
            self.news.notify_all()

    async def expect(self, what, taken=None, **wanted):
        """Waits for a message with these facts that was not expected before."""

        def find():
            for index, (name, facts) in enumerate(self.seen):
                if name == what and all(facts.get(k) == v for k, v in wanted.items()):
                    return self.seen.pop(index)[1]
            return None

        async def wait():
            async with self.news:
                while True:
                    found = find()
                    if found is not None:
                        return found
                    await self.news.wait()

        try:
            found = await asyncio.wait_for(wait(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"no {what} with {wanted}; seen: {self.seen}") from None
        print(f"  {what} {found}", flush=True)
        return found

    @on(Action.boot_notification)
    def on_boot(self, **facts):
        return call_result.BootNotification(
            current_time=datetime.now(timezone.utc).isoformat(), interval=300, status="Accepted"
        )

    @after(Action.boot_notification)
    async def after_boot(self, **facts):
        await self.note("BootNotification", **facts)

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=datetime.now(timezone.utc).isoformat())

    @on(Action.status_notification)
    async def on_status(self, **facts):
        await self.note("StatusNotification", **facts)
        return call_result.StatusNotification()

    @on(Action.authorize)
    async def on_authorize(self, id_tag):
        await self.note("Authorize", id_tag=id_tag)
        status = "Invalid" if id_tag == "STRANGER" else "Accepted"
        return call_result.Authorize(id_tag_info={"status": status})

    @on(Action.start_transaction)
    async def on_start(self, **facts):
        Central.transactions += 1
        await self.note("StartTransaction", transaction=Central.transactions, **facts)
        return call_result.StartTransaction(
            transaction_id=Central.transactions, id_tag_info={"status": "Accepted"}
        )

    @on(Action.meter_values)
    async def on_meter_values(self, **facts):
        await self.note("MeterValues", **facts)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    async def on_stop(self, **facts):
        await self.note("StopTransaction", **facts)
        return call_result.StopTransaction(id_tag_info={"status": "Accepted"})

    @on(Action.data_transfer)
    def on_data_transfer(self, **facts):
        return call_result.DataTransfer(status="UnknownVendorId")

    async def ask(self, request, **wanted):
        """One call; a CALLERROR or another answer than wanted is a failure."""
        answer = await self.call(request, suppress=False)
        for name, value in wanted.items():
            got = getattr(answer, name)
            assert got == value, f"{request}: expected {name} = {value}, got {answer}"
        print(f"  {type(request).__name__}: {answer}"[:300], flush=True)
        return answer


class Simulator:
    """The charger's hardware."""

    def __init__(self, url):
        self.url = url

    async def post(self, path, **body):
        def do():
            request = urllib.request.Request(
                self.url + path, data=json.dumps(body).encode(), method="POST"
            )
            urllib.request.urlopen(request, timeout=PATIENCE).read()

        await asyncio.to_thread(do)


async def local_session(central, sim):
    print("a session with a card", flush=True)
    await sim.post("/sim/connectors/1/plug")
    await central.expect("StatusNotification", connector_id=1, status="Preparing")
    await sim.post("/sim/rfid", id_tag="04A1B2C3")
    await central.expect("Authorize", id_tag="04A1B2C3")
    start = await central.expect("StartTransaction", connector_id=1, id_tag="04A1B2C3")
    await central.expect("StatusNotification", connector_id=1, status="Charging")
    values = await central.expect("MeterValues", transaction_id=start["transaction"])
    assert values["meter_value"][0]["sampled_value"], values
    await sim.post("/sim/rfid", id_tag="04A1B2C3")
    stop = await central.expect("StopTransaction", transaction_id=start["transaction"])
    assert stop["meter_stop"] >= start["meter_start"], (start, stop)
    assert stop.get("reason", "Local") == "Local", stop
    await central.expect("StatusNotification", connector_id=1, status="Finishing")
    await sim.post("/sim/connectors/1/unplug")
    await central.expect("StatusNotification", connector_id=1, status="Available")


async def remote_session(central, sim):
    print("a session that the central system starts and stops", flush=True)
    await sim.post("/sim/connectors/1/plug")
    await central.expect("StatusNotification", connector_id=1, status="Preparing")
    await central.ask(
        call.RemoteStartTransaction(id_tag="REMOTE1", connector_id=1), status="Accepted"
    )
    start = await central.expect("StartTransaction", connector_id=1, id_tag="REMOTE1")
    await central.expect("StatusNotification", connector_id=1, status="Charging")
    await central.ask(
        call.RemoteStopTransaction(transaction_id=start["transaction"]), status="Accepted"
    )
    stop = await central.expect("StopTransaction", transaction_id=start["transaction"])
    assert stop["reason"] == "Remote", stop
    await central.expect("StatusNotification", connector_id=1, status="Finishing")
    await sim.post("/sim/connectors/1/unplug")
    await central.expect("StatusNotification", connector_id=1, status="Available")
    await central.ask(call.RemoteStopTransaction(transaction_id=4711), status="Rejected")


async def refused_card(central, sim):
    print("a card that is refused", flush=True)
    await sim.post("/sim/connectors/1/plug")
    await central.expect("StatusNotification", connector_id=1, status="Preparing")
    await sim.post("/sim/rfid", id_tag="STRANGER")
    await central.expect("Authorize", id_tag="STRANGER")
    await sim.post("/sim/connectors/1/unplug")
    await central.expect("StatusNotification", connector_id=1, status="Available")
    assert not any(name == "StartTransaction" for name, _ in central.seen), central.seen


async def calls(central):
    print("calls of the central system", flush=True)
    everything = await central.ask(call.GetConfiguration())
    keys = {entry["key"]: entry for entry in everything.configuration_key}
    assert keys["NumberOfConnectors"]["value"] == "1", keys
    one = await central.ask(call.GetConfiguration(key=["HeartbeatInterval", "Nonsense"]))
    assert one.unknown_key == ["Nonsense"], one
    await central.ask(
        call.ChangeConfiguration(key="MeterValueSampleInterval", value="1"), status="Accepted"
    )
    await central.ask(
        call.ChangeConfiguration(key="MeterValueSampleInterval", value="-1"), status="Rejected"
    )
    await central.ask(call.ChangeConfiguration(key="Nonsense", value="1"), status="NotSupported")
    await central.ask(call.UnlockConnector(connector_id=1), status="NotSupported")
    await central.ask(call.ClearCache(), status="Accepted")
    await central.ask(call.DataTransfer(vendor_id="com.example"), status="UnknownVendorId")
    await central.ask(
        call.ChangeAvailability(connector_id=1, type="Inoperative"), status="Accepted"
    )
    await central.expect("StatusNotification", connector_id=1, status="Unavailable")
    await central.ask(call.ChangeAvailability(connector_id=1, type="Operative"), status="Accepted")
    await central.expect("StatusNotification", connector_id=1, status="Available")
    try:
        await central.ask(call.TriggerMessage(requested_message="Heartbeat"))
    except OCPPError as error:
        assert error.code in ("NotSupported", "NotImplemented"), error


async def play(connections, sim):
    central = await connections.get()
    await central.expect("BootNotification")
    await central.expect("StatusNotification", connector_id=0, status="Available")
    await central.expect("StatusNotification", connector_id=1, status="Available")
    await calls(central)
    await local_session(central, sim)
    await remote_session(central, sim)
    await refused_card(central, sim)

    print("a session without the central system", flush=True)
    await sim.post("/sim/network", online=False)
    await sim.post("/sim/connectors/1/plug")
    await sim.post("/sim/rfid", id_tag="04A1B2C3")
    await asyncio.to_thread(wait_contactor, sim.url, "closed")
    await sim.post("/sim/rfid", id_tag="04A1B2C3")
    await asyncio.to_thread(wait_contactor, sim.url, "open")
    await sim.post("/sim/network", online=True)
    central = await connections.get()
    start = await central.expect("StartTransaction", connector_id=1, id_tag="04A1B2C3")
    await central.expect("StopTransaction", transaction_id=start["transaction"])
    await sim.post("/sim/connectors/1/unplug")
    await central.expect("StatusNotification", connector_id=1, status="Available")

    print("a reset", flush=True)
    await central.ask(call.Reset(type="Soft"), status="Accepted")
    central = await connections.get()
    await central.expect("BootNotification")
    await central.expect("StatusNotification", connector_id=1, status="Available")


def wait_contactor(url, state):
    """Asks the control API until the contactor is in this state."""
    import time

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with urllib.request.urlopen(url + "/v1/status", timeout=PATIENCE) as answer:
            if json.load(answer)["connectors"][0]["contactor"] == state:
                return
        time.sleep(0.02)
    raise AssertionError(f"the contactor is never {state}")


async def main():
    watch_validation()
    connections = asyncio.Queue()

    async def connected(socket):
        identity = socket.request.path.rsplit("/", 1)[-1]
        central = Central(identity, Socket(socket))
        await connections.put(central)
        try:
            await central.start()
        except websockets.ConnectionClosed:
            pass

    async with websockets.serve(
        connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]
    ) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening ws://127.0.0.1:{port}/ocpp", flush=True)
        control = (await asyncio.to_thread(sys.stdin.readline)).strip()
        await asyncio.wait_for(play(connections, Simulator(control)), 240)
    for bad in BAD_FRAMES:
        print("broken schema:", bad, flush=True)
    print(f"frames in: {FRAMES['in']}, out: {FRAMES['out']}, broken: {len(BAD_FRAMES)}", flush=True)
    sys.exit(1 if BAD_FRAMES else 0)


asyncio.run(main())
