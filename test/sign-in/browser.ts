/** As much of a browser as signing in needs: cookies by host, and redirects that are followed one by one. */

export interface Visit {
  status: number;
  headers: Headers;
  text: string;
  /** Where it leads; empty: nowhere. */
  location: string;
}

export class Browser {
  /** By host, by name. */
  readonly jars = new Map<string, Map<string, string>>();

  async visit(url: string, init: RequestInit = {}): Promise<Visit> {
    const { host } = new URL(url);
    const jar = this.jars.get(host) ?? new Map<string, string>();
    this.jars.set(host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.method ? {} : { accept: "text/html" }), ...init.headers, ...(cookie && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? "" : new URL(location, url).href,
    };
  }

  /** Goes on as long as it is sent somewhere, except to what `stop` matches, which is returned. */
  async follow(url: string, stop: RegExp): Promise<string> {
    let at = url;
    while (!stop.test(at)) {
      const { status, location, text } = await this.visit(at);
      if (!location) throw new Error(`${at} answered ${status} and leads nowhere: ${text.slice(0, 500)}`);
      at = location;
    }
    return at;
  }

  /** Another browser with the same cookies, as they are now. */
  copy(): Browser {
    const copy = new Browser();
    for (const [host, jar] of this.jars) copy.jars.set(host, new Map(jar));
    return copy;
  }

  cookies(url: string): Map<string, string> {
    return this.jars.get(new URL(url).host) ?? new Map();
  }
}
