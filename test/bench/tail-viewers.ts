/** Viewers in a process of their own, so that reading takes nothing from who measures. Told by message: an address, a token, the queries. */
import { request } from "node:http";

export interface Asked {
  address: string;
  token: string;
  queries: string[];
}

/** Bytes that each has been shown. */
const shown: number[] = [];

process.on("message", async (message: Asked | "count") => {
  if (message === "count") return void process.send?.(shown);
  await Promise.all(message.queries.map((apl, n) => watch(message, apl, n)));
  process.send?.("ready");
});

function watch({ address, token }: Asked, apl: string, n: number): Promise<void> {
  shown[n] = 0;
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request(`${address}?${new URLSearchParams({ apl })}`, { headers }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${address} answered ${response.statusCode}`));
      response.on("data", (part: Buffer) => {
        shown[n] = (shown[n] ?? 0) + part.length;
      });
      resolve();
    })
      .on("error", reject)
      .end();
  });
}
