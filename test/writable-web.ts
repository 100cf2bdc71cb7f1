/**
 * The Internet of the tests inside workerd: hosts below idp.example answer what a test has put there, everything else nothing. Tests write
 * with the fetch that the Worker under test reads with.
 */

interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
  asked: number;
}

const pages = new Map<string, Page>();

/** `PUT` of `{status, headers, body}` puts a page there, `DELETE` takes it away and answers how often it was asked for. */
export async function writableWeb(request: {
  url: string;
  method: string;
  json(): Promise<unknown>;
}): Promise<[body: string, init: { status: number; headers?: Record<string, string> }]> {
  const nobody: [string, { status: number }] = ["no network in tests", { status: 502 }];
  if (!new URL(request.url).hostname.endsWith(".idp.example")) return nobody;
  const page = pages.get(request.url);
  switch (request.method) {
    case "PUT":
      pages.set(request.url, { asked: 0, ...((await request.json()) as Omit<Page, "asked">) });
      return ["", { status: 200 }];
    case "DELETE":
      pages.delete(request.url);
      return [String(page?.asked ?? 0), { status: 200 }];
    default:
      if (!page) return nobody;
      page.asked++;
      return [page.body, { status: page.status, headers: page.headers }];
  }
}
