/** Reads a whole event stream, which must end by itself. */
export interface ReadEvent {
  readonly name: string;
  // biome-ignore format: one line
  readonly data: { id?: string; url?: string; status?: number; state?: string; message?: string };
}

export async function readEvents(response: Response): Promise<ReadEvent[]> {
  const text = await response.text();
  const blocks = text.split("\n\n").filter((block) => block.startsWith("event: "));
  return blocks.map((block) => {
    const [first = "", second = ""] = block.split("\n");
    return { name: first.slice("event: ".length), data: JSON.parse(second.slice("data: ".length)) };
  });
}
