/** So much per second, and so much at once. */
export interface Rate {
  /** Takes all of it or nothing. */
  take(amount: number, now: number): boolean;
}

/** @param now epoch milliseconds */
export function openRate(perSecond: number, now: number): Rate {
  let left = perSecond;
  let at = now;
  return {
    take(amount, now) {
      if (now > at) left = Math.min(perSecond, left + ((now - at) / 1_000) * perSecond);
      at = now;
      if (left < amount) return false;
      left -= amount;
      return true;
    },
  };
}
