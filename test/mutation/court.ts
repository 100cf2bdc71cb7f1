/** Judges mutants by means of a process that is ended when one of them keeps it too long. */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { Stop } from "../../src/local/stop.ts";
import type { Answer, Question } from "./judge.ts";
import { type Stage, stagesOf } from "./judged.ts";
import type { Mutant } from "./mutants.ts";

export interface Verdict {
  is: "killed" | "survived" | "late";
  /** The test that failed, or why there is none. */
  by: string;
}

export interface Court {
  judge(mutant: Mutant): Promise<Verdict>;
  /** Ends the process, and the workerd that it has started. */
  close(): void;
}

const JUDGE = path.join(import.meta.dirname, "judge.ts");
const FIRST_RUN_MS_MAX = 600_000;
/** How much longer than the source as it is a mutant may take: the machine has other work, too. */
const TIMES_AS_LONG = 3;
const GRACE_MS = 10_000;

export function openCourt(): Court {
  let judge: ChildProcess | null = null;
  const allowed = new Map<string, number>();

  function close(): void {
    // with its group: workerd is a child of its own
    if (judge?.pid && judge.exitCode === null && judge.signalCode === null) process.kill(-judge.pid, "SIGKILL");
    judge = null;
  }

  /** Null: no answer in time. */
  function ask(question: Question, ms: number): Promise<Answer | null> {
    const asked = judge ?? fork(JUDGE, { detached: true, stdio: ["ignore", "ignore", "ignore", "ipc"] });
    judge = asked;
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(null), ms);
      const end = (answer: Answer | null) => {
        clearTimeout(timer);
        asked.off("message", end);
        asked.off("exit", gone).off("error", gone);
        if (answer === null) close();
        resolve(answer);
      };
      const gone = () => end(null);
      asked.on("message", end);
      asked.on("exit", gone).on("error", gone);
      asked.send(question);
    });
  }

  /** How long a stage may take: the source as it is has to pass it first. */
  async function allowedFor(stage: Stage): Promise<number> {
    const name = JSON.stringify(stage);
    const known = allowed.get(name);
    if (known) return known;
    // once for the bundles and the modules, and once for the time
    for (let run = 0; run < 2; run++) {
      const began = performance.now();
      const answer = await ask({ stage, mutant: null }, FIRST_RUN_MS_MAX);
      if (answer?.failed !== null || answer.tests === 0)
        throw new Stop(`the source as it is does not pass ${name}: ${answer?.failed ?? "no test, or no end"}`);
      allowed.set(name, (performance.now() - began) * TIMES_AS_LONG + GRACE_MS);
    }
    return allowedFor(stage);
  }

  return {
    async judge({ file, text }) {
      let loaded = false;
      for (const stage of stagesOf(file)) {
        const ms = await allowedFor(stage);
        const question = { stage, mutant: { file, text } };
        // once more: it may have been the machine
        const answer = (await ask(question, ms)) ?? (await ask(question, 2 * ms));
        if (answer === null) return { is: "late", by: `no end within ${Math.round((2 * ms) / 1_000)} s` };
        if (answer.failed !== null) return { is: "killed", by: answer.failed };
        loaded ||= answer.loaded;
      }
      return { is: "survived", by: loaded ? "" : "no test has loaded it" };
    },
    close,
  };
}
