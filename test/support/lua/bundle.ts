/** What the tests call in Lua: many questions at once, since crossing from JavaScript to Lua costs more than the answer. */
import { describeDecision, readDriverSettings } from "./router-driver.ts";

declare const hmac: (this: void, keyBase64: string, text: string) => string;
/** A character that stands in no question. */
const BETWEEN_FIELDS = "\u001f";
const BETWEEN_QUESTIONS = "\u001e";

declare const _G: {
  ask: (this: void, settings: string, passSeconds: number, now: number, questions: string) => string;
};

_G.ask = (settingsText, passSeconds, now, questions) => {
  const settings = readDriverSettings(settingsText.split(BETWEEN_FIELDS), passSeconds);
  const answers = questions
    .split(BETWEEN_QUESTIONS)
    .map((question) => describeDecision(hmac, settings, question.split(BETWEEN_FIELDS), now));
  return answers.join(BETWEEN_QUESTIONS);
};
