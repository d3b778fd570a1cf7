/**
 * Reads an event stream (HTML standard, "Server-sent events") from text in pieces of any size.
 *
 *   "event: ready\nda"  →  nothing yet
 *   "ta: {}\n\n"        →  { name: "ready", data: "{}" }
 *
 * Why not the browser's EventSource: it can send neither POST nor Authorization.
 */

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** A stream without line ends is not one of ours; without a limit it would fill the tab's memory. */
const MAX_BUFFER = 100_000;

/** Returns a function that takes the next piece and gives the events that are now whole. */
export function createEventReader(): (piece: string) => StreamEvent[] {
  let rest = "";
  return (piece) => {
    rest += piece;
    const events: StreamEvent[] = [];
    for (;;) {
      // A lone CR at the end may be the first half of CRLF: wait for the next piece.
      const end = /(?:\r\n|\n|\r(?!\n|$))(?:\r\n|\r|\n)/.exec(rest);
      if (end === null) break;
      const event = parseEvent(rest.slice(0, end.index));
      if (event !== undefined) events.push(event);
      rest = rest.slice(end.index + end[0].length);
    }
    if (rest.length > MAX_BUFFER) rest = "";
    return events;
  };
}

/** An event without data is none: comments keep the connection open. */
function parseEvent(block: string): StreamEvent | undefined {
  let name = "message";
  const data: string[] = [];
  for (const line of block.split(/\r\n|\r|\n/)) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === "event" && value) name = value;
    if (field === "data") data.push(value ?? "");
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}
