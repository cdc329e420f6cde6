// A central system made of the npm package `ocpp-rpc` in strict mode, which
// checks each message of both directions against its own JSON schemas of OCPP
// 1.6. It plays nothing by itself: the test that starts it does, and tells it
// what to call (`tests/interop/foreign.rs` says how the two speak).
'use strict';

const readline = require('node:readline');
const { RPCServer, createRPCError, createValidator } = require('ocpp-rpc');
const SCHEMAS = require('ocpp-rpc/lib/schemas/ocpp1_6.json');

const COUNTS = { in: 0, out: 0, errors: 0, checked: 0 };

function tell(facts) {
    process.stdout.write(`${JSON.stringify(facts)}\n`);
}

// The package's own validator, counted.
function validator() {
    const validator = createValidator('ocpp1.6', SCHEMAS);
    const validate = validator.validate.bind(validator);
    validator.validate = (...what) => {
        COUNTS.checked += 1;
        return validate(...what);
    };
    return validator;
}

// Tells each frame as it passes, and everything that the package swallows.
function watch(client, connection) {
    client.on('message', ({ message, outbound }) => {
        const text = message.toString();
        const frame = outbound ? 'out' : 'in';
        COUNTS[frame] += 1;
        if (/^\s*\[\s*4\s*,/.test(text)) COUNTS.errors += 1;
        tell({ frame, connection, text });
    });
    client.on('strictValidationFailure', ({ error, method, params, result }) => {
        const details = JSON.stringify(error.details);
        const message = JSON.stringify(result ?? params);
        tell({ broken: `${error.message} ${details}: ${method} ${message}` });
    });
    client.on('badMessage', ({ buffer, error }) => {
        tell({ broken: `${error.message}: ${buffer}` });
    });
}

// Accepts everything but the card STRANGER.
let transactions = 0;
const ANSWERS = {
    BootNotification: () => ({ status: 'Accepted', currentTime: now(), interval: 300 }),
    Heartbeat: () => ({ currentTime: now() }),
    StatusNotification: () => ({}),
    Authorize: ({ idTag }) => ({
        idTagInfo: { status: idTag === 'STRANGER' ? 'Invalid' : 'Accepted' },
    }),
    StartTransaction: () => {
        transactions += 1;
        return { transactionId: transactions, idTagInfo: { status: 'Accepted' } };
    },
    MeterValues: () => ({}),
    StopTransaction: () => ({ idTagInfo: { status: 'Accepted' } }),
    FirmwareStatusNotification: () => ({}),
    DiagnosticsStatusNotification: () => ({}),
    DataTransfer: () => ({ status: 'UnknownVendorId' }),
};

function now() {
    return new Date().toISOString();
}

// One call of ours, and what the package makes of the answer.
async function ask(client, answer, action, payload) {
    try {
        tell({ answer, result: await client.call(action, payload) });
    } catch (error) {
        tell({ answer, code: error.rpcErrorCode ?? error.name, description: error.message });
    }
}

async function main() {
    let connections = 0;
    let latest;
    const server = new RPCServer({
        protocols: ['ocpp1.6'],
        strictMode: true,
        strictModeValidators: [validator()],
    });
    server.on('client', (client) => {
        connections += 1;
        const connection = connections;
        latest = client;
        const { endpoint, identity } = client.handshake;
        const path = `${endpoint}/${encodeURIComponent(identity)}`;
        tell({ opened: connection, path, subprotocol: client.protocol });
        watch(client, connection);
        client.on('close', () => tell({ closed: connection }));
        for (const [action, answer] of Object.entries(ANSWERS)) {
            client.handle(action, ({ params }) => answer(params));
        }
        client.handle(() => {
            throw createRPCError('NotImplemented');
        });
    });
    const http = await server.listen(0, '127.0.0.1');
    tell({ listening: `ws://127.0.0.1:${http.address().port}/ocpp` });
    // Makes the calls that standard input names, until it ends.
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const order = JSON.parse(line);
        ask(latest, order.call, order.action, order.payload);
    }
    tell({ counts: COUNTS });
    await server.close({ force: true });
}

main();
