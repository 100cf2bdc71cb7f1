/** Why a command ends early, in words for the person who gave it: shown without a stack trace. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "Stop";
    this.exitCode = exitCode;
  }
}

/** Runs a command to its end: 0, the exit code of a Stop, or 1 with a stack trace for a fault of ours. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (error instanceof Stop) console.error(`headgate: ${error.message}`);
    else console.error(error);
    process.exitCode = error instanceof Stop ? error.exitCode : 1;
  }
}
