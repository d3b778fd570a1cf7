/** Where a new notebook goes, as data. The first host is the one that was asked; 5 of 10 are free where nothing is said. */
interface HostCase {
  readonly host: string;
  readonly free?: number;
  readonly capacity?: number;
  readonly hasHome?: boolean;
  readonly state?: "available" | "cordoned";
}

export const orders: { what: string; hosts: HostCase[]; order: string[] }[] = [
  { what: "alone, it is the host itself", hosts: [{ host: "dev-01" }], order: ["dev-01"] },
  {
    what: "equal shares stay where they were asked for, and then go by name",
    hosts: [{ host: "dev-02" }, { host: "dev-03" }, { host: "dev-01" }],
    order: ["dev-02", "dev-01", "dev-03"],
  },
  {
    what: "the greatest free share comes first",
    hosts: [{ host: "dev-01" }, { host: "dev-02", free: 6 }, { host: "dev-03", free: 9 }],
    order: ["dev-03", "dev-02", "dev-01"],
  },
  {
    what: "it is the share that counts, and not the number",
    hosts: [
      { host: "dev-01", free: 3, capacity: 4 },
      { host: "dev-02", free: 50, capacity: 100 },
    ],
    order: ["dev-01", "dev-02"],
  },
  {
    what: "the student's files come before room",
    hosts: [
      { host: "dev-01", free: 9 },
      { host: "dev-02", free: 1, hasHome: true },
    ],
    order: ["dev-02", "dev-01"],
  },
  {
    what: "a full host is none, though the files are there",
    hosts: [
      { host: "dev-01", free: 1 },
      { host: "dev-02", free: 0, hasHome: true },
    ],
    order: ["dev-01"],
  },
  {
    what: "a cordoned host is none, though it was asked",
    hosts: [
      { host: "dev-01", state: "cordoned" },
      { host: "dev-02", free: 1 },
    ],
    order: ["dev-02"],
  },
  { what: "when all are full there is none", hosts: [{ host: "dev-01", free: 0 }], order: [] },
];
