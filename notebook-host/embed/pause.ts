/** Waiting that can be broken off: both reject when the signal aborts, and leave no timer or listener behind. */

/** Waits, and tells the seconds left at once, each second, and at the end. */
export function pause(
  ms: number,
  signal: AbortSignal,
  onSecond: (secondsLeft: number, isFirst: boolean) => void = () => {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = Date.now() + ms;
    const left = () => Math.max(0, Math.ceil((end - Date.now()) / 1000));
    onSecond(left(), true);
    const ticks = setInterval(() => onSecond(left(), false), 1000);
    const timer = setTimeout(() => finish(() => resolve(onSecond(0, false))), ms);
    const abort = () => finish(() => reject(signal.reason));
    const finish = (settle: () => void) => {
      clearInterval(ticks);
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      settle();
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

/** A hidden tab asks for nothing: thirty forgotten tabs would else keep asking all night. */
export function untilVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", check);
      signal.removeEventListener("abort", check);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check);
    check();
  });
}
