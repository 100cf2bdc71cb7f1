/**
 * The limits of one token in one region, kept by a Durable Object of the token's id: one clock and one count for all isolates of the
 * region. It is asked only for tokens that have limits, and can judge some 1,000 requests a second.
 *
 * What was taken is durable SAVE_AFTER_MS after it was taken, and at once when the day is used up: a crash forgets at most what one
 * such stretch took in, in favour of the sender. After IDLE_KEPT_MS without use all of it is dropped, a debt that is left included.
 */
import { DurableObject } from "cloudflare:workers";
import type { TokenLimits } from "../../access/permission-set.ts";
import type { EdgeEnv } from "../env.ts";
import { type Asked, correct, emptyQuota, type QuotaState, take, type Verdict } from "./buckets.ts";

const SAVE_AFTER_MS = 1_000;
const IDLE_KEPT_MS = 2 * 86_400_000;
const KEY = "quota";

export class Quota extends DurableObject<EdgeEnv> {
  #state: QuotaState;
  #saving: ReturnType<typeof setTimeout> | undefined;
  /** The day on which this instance has last set the alarm. */
  #armedOn = 0;

  constructor(ctx: DurableObjectState, env: EdgeEnv) {
    super(ctx, env);
    this.#state = ctx.storage.kv.get<QuotaState>(KEY) ?? emptyQuota();
  }

  /** Takes what is asked for, or nothing. Believes the caller's limits. */
  async take(limits: TokenLimits, asked: Asked): Promise<Verdict> {
    return this.#keep(take(this.#state, limits, asked, Date.now()));
  }

  /** Gives bytes back that were taken and never came (less than none), or takes those that came beside. */
  async correct(limits: TokenLimits, bytes: number, takenAt: number): Promise<Verdict> {
    return this.#keep(correct(this.#state, limits, bytes, takenAt, Date.now()));
  }

  /** Once the token has not been used for long. Set anew on each day of use. */
  override async alarm(): Promise<void> {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#state = emptyQuota();
    await this.ctx.storage.deleteAll();
  }

  #keep({ state, verdict }: { state: QuotaState; verdict: Verdict }): Verdict {
    this.#state = state;
    if (verdict.refused) return verdict;
    if (verdict.levels.day?.left === 0) this.#save();
    else this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
    return verdict;
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.ctx.storage.kv.put(KEY, this.#state);
    if (this.#armedOn === this.#state.day.day) return;
    this.#armedOn = this.#state.day.day;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(Date.now() + IDLE_KEPT_MS));
  }
}
