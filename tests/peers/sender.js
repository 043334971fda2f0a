// Plays with the npm package osc, as a patch of somebody else's would: one packet for each line on standard input.
// Usage: node sender.js PORT
"use strict";

const readline = require("node:readline");
const osc = require("osc");

const HOUR = 3600;

/** A bundle whose time comes in so many seconds. */
function bundle(seconds, ...packets) {
  return { timeTag: osc.timeTag(seconds), packets };
}

function message(address, ...args) {
  return { address, args };
}

const packets = [
  message("/vamen/axis/kick", { type: "f", value: 0.25 }),
  message("/vamen/axis/2", { type: "d", value: 0.123456789 }),
  message("/vamen/random", { type: "h", value: osc.Long.fromString("2147483647") }),
  message("/vamen/gain", { type: "T" }),
  message("/vamen/stop", { type: "F" }),
  message("/vamen/slot/store", { type: "i", value: 128 }),
  message("/vamen/quantise", { type: "s", value: "beat" }),
  bundle(
    HOUR,
    message("/vamen/morph/a", { type: "i", value: 1 }),
    bundle(2 * HOUR, message("/vamen/morph/b", { type: "i", value: 128 }), bundle(0, message("/vamen/morph", { type: "f", value: 0.5 }))),
    bundle(-HOUR),
    message("/vamen/gain", { type: "d", value: 0.75 }),
  ),
  message("/vamen/nudge", { type: "f", value: 0.25 }),
];

const port = new osc.UDPPort({
  localAddress: "127.0.0.1",
  localPort: 0,
  remoteAddress: "127.0.0.1",
  remotePort: Number(process.argv[2]),
  metadata: true,
});

port.on("error", (error) => {
  throw error;
});

port.on("ready", () => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", () => port.send(packets.shift()));
  lines.on("close", () => port.close());
});

port.open();
