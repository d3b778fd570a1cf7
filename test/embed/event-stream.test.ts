import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventReader } from "../../notebook-host/embed/event-stream.ts";

const whole = (text: string) => createEventReader()(text);

test.each([
  ["one event", "event: ready\ndata: {}\n\n", [{ name: "ready", data: "{}" }]],
  ["CRLF", "event: ready\r\ndata: {}\r\n\r\n", [{ name: "ready", data: "{}" }]],
  [
    "CR",
    "event: ready\rdata: {}\r\rdata: b\r\r",
    [
      { name: "ready", data: "{}" },
      { name: "message", data: "b" },
    ],
  ],
  ["no space after the colon", "event:a\ndata:b\n\n", [{ name: "a", data: "b" }]],
  ["two lines of data", "data: a\ndata: b\n\n", [{ name: "message", data: "a\nb" }]],
  ["a colon in the data", 'data: {"a":1}\n\n', [{ name: "message", data: '{"a":1}' }]],
  ["comments, which only keep the connection", ": still here\n\n: and here\n\n", []],
  ["an event without data", "event: ready\n\n", []],
  ["an event that is cut off", "event: ready\ndata: {}\n", []],
])("reads %s", (_, text, events) => expect(whole(text)).toEqual(events));

test("the same events come out, wherever the network cuts the stream", () => {
  const line = fc.constantFrom("event: a", "data: x", "data: ü", ": c", "", "", "data:");
  const stream = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r")).map(([text, end]) => text + end));
  fc.assert(
    fc.property(stream, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
      // What ends in CR may go on with LF: only the next line tells.
      const text = `${lines.join("")}data: last\n\n`;
      const read = createEventReader();
      const events = [];
      for (let at = 0, i = 0; at < text.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        events.push(...read(text.slice(at, at + size)));
        at += size;
      }
      expect(events).toEqual(whole(text));
    }),
  );
});

test("a stream without an end of line does not fill the memory", () => {
  const read = createEventReader();
  for (let i = 0; i < 50; i++) read("x".repeat(10_000));
  expect(read("\n\ndata: a\n\n")).toEqual([{ name: "message", data: "a" }]);
});
