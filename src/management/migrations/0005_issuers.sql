-- Issuers whose JWTs count as credentials of an organisation. digest: SHA-256 of issuer, line feed and audience, base64url: the key of the
-- published document. claims: mappings, datasets by id. keys: the last key set that was fetched; public keys only. A deleted issuer keeps
-- its row, from which the edges learn of it; `ver` goes on from there when the same issuer and audience are configured again.

CREATE TABLE issuers (
  id TEXT PRIMARY KEY,
  org TEXT NOT NULL REFERENCES orgs (id),
  digest TEXT NOT NULL,
  name TEXT NOT NULL,
  issuer TEXT NOT NULL,
  audience TEXT NOT NULL,
  algorithms TEXT NOT NULL,
  jwks_uri TEXT NOT NULL,
  typ TEXT NOT NULL CHECK (typ IN ('at+jwt', 'JWT')),
  max_token_age_s INTEGER NOT NULL,
  claims TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'deleted')),
  keys TEXT NOT NULL,
  keys_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ver INTEGER NOT NULL,
  change_id TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX issuers_by_digest ON issuers (digest) WHERE status <> 'deleted';
CREATE INDEX issuers_by_org ON issuers (org, created_at);
CREATE INDEX issuers_by_change ON issuers (change_id);
CREATE INDEX issuers_by_age ON issuers (keys_at) WHERE status = 'active';

-- Tokens that workloads got in exchange for a JWT: kind `workload`, parent the issuer.
CREATE INDEX tokens_of_workloads ON tokens (parent, expires_at) WHERE kind = 'workload';
