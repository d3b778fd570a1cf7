/**
 * Reads settings from the environment and keeps every error, so that a person mends all in one go.
 *
 *   reader.integer("HALLPASS_CAPACITY", { min: 1, max: 1000, example: "20" })   "ten" →
 *   HALLPASS_CAPACITY is "ten", which is no whole number from 1 to 1000. Set it to one, as in "20".
 */
import { parseDigits } from "../fleet/address-plan.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface IntegerRule {
  readonly min: number;
  readonly max: number;
  readonly example: string;
  /** The value when the setting is not there; without it, the setting is required. */
  readonly standard?: number;
}

export class SettingReader {
  readonly errors: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  optional(name: string): string | undefined {
    const text = this.#environment[name]?.trim();
    return text === "" ? undefined : text;
  }

  required(name: string, what: string, example: string): string | undefined {
    const text = this.optional(name);
    if (text === undefined) this.missing(name, what, example);
    return text;
  }

  words(name: string): string[] {
    return (this.optional(name) ?? "").split(/\s+/).filter((word) => word !== "");
  }

  integer(name: string, rule: IntegerRule): number | undefined {
    const text = this.optional(name);
    if (text === undefined && rule.standard !== undefined) return rule.standard;
    const range = `a whole number from ${rule.min} to ${rule.max}`;
    if (text === undefined) {
      this.missing(name, range, rule.example);
      return undefined;
    }
    const value = parseDigits(text, 7);
    if (value !== undefined && value >= rule.min && value <= rule.max) return value;
    this.refuse(name, text, `is no whole number from ${rule.min} to ${rule.max}`, `one, as in "${rule.example}"`);
    return undefined;
  }

  missing(name: string, what: string, example: string): void {
    this.errors.push(`${name} is not set, but must be ${what}. Set it as in ${name}="${example}".`);
  }

  refuse(name: string, value: string, fault: string, allowed: string): void {
    this.errors.push(`${name} is "${value}", which ${fault}. Set it to ${allowed}.`);
  }

  /** Without the value. */
  refuseSecret(name: string, fault: string, allowed: string): void {
    this.errors.push(`${name} is refused (its value is not shown): ${fault}. Set it to ${allowed}.`);
  }
}
