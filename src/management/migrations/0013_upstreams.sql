-- Where an organisation's requests for resources go that Headgate does not own. token: sealed. upstream_org: sent as X-Axiom-Org-Id.

CREATE TABLE upstreams (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  token TEXT NOT NULL,
  upstream_org TEXT NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
