// A CSMS on the npm library `ocpp-rpc`: an implementation that this project did not write.
// Usage: node independent_csms.cjs [PORT]; prints {"port": N}, then one JSON line for every message and answer.
const { RPCServer, createRPCError } = require("ocpp-rpc");

const server = new RPCServer({
  protocols: ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"],
  strictMode: ["ocpp2.0.1", "ocpp1.6"],
});
const now = () => new Date().toISOString();
const say = (value) => console.log(JSON.stringify(value));

const ANSWERS = {
  BootNotification: () => ({ status: "Accepted", interval: 300, currentTime: now() }),
  Heartbeat: () => ({ currentTime: now() }),
  StatusNotification: () => ({}),
  Authorize: (protocol) => (protocol === "ocpp1.6" ? { idTagInfo: { status: "Accepted" } } : { idTokenInfo: { status: "Accepted" } }),
  TransactionEvent: () => ({}),
  MeterValues: () => ({}),
  StartTransaction: () => ({ transactionId: 7, idTagInfo: { status: "Accepted" } }),
  StopTransaction: () => ({}),
  NotifyEVChargingSchedule: () => ({ status: "Accepted" }),
  ...Object.fromEntries(
    ["SecurityEventNotification", "NotifyChargingLimit", "ClearedChargingLimit", "NotifyPriorityCharging", "NotifyDERAlarm",
     "NotifyDERStartStop", "NotifyEvent"].map((action) => [action, () => ({})])),
  PullDynamicScheduleUpdate: () => ({ status: "Rejected" }),
  NotifyEVChargingNeeds: (protocol) => ({ status: protocol === "ocpp2.1" ? "NoChargingProfile" : "Rejected" }),
};

const DEFAULT_PROFILE = {
  id: 1, stackLevel: 0, chargingProfilePurpose: "TxDefaultProfile", chargingProfileKind: "Relative",
  chargingSchedule: [{ id: 1, chargingRateUnit: "W", chargingSchedulePeriod: [{ startPeriod: 0, limit: 3000 }] }],
};

async function afterBoot(client) {
  if (client.protocol === "ocpp1.6") {
    say({ called: "GetConfiguration", answer: await client.call("GetConfiguration", { key: ["HeartbeatInterval"] }) });
  } else {
    const request = { evseId: 1, chargingProfile: DEFAULT_PROFILE };
    say({ called: "SetChargingProfile", answer: await client.call("SetChargingProfile", request) });
  }
}

server.auth((accept) => accept({}));
server.on("client", (client) => {
  client.on("strictValidationFailure", ({ error }) => say({ invalid: String(error) }));
  client.handle(({ method, params }) => {
    say({ got: method, params });
    if (!(method in ANSWERS)) throw createRPCError("NotSupported");
    if (method === "StatusNotification") setTimeout(() => afterBoot(client).catch((e) => say({ failed: String(e) })), 50);
    return ANSWERS[method](client.protocol);
  });
});
server.listen(Number(process.argv[2] || 0), "127.0.0.1").then((http) => say({ port: http.address().port }));
