-- Lines of tokens, which `DELETE /v2/tokens/<id>?family=true` walks: those that took a token's place or were made by it. Tokens of
-- before lines were kept learn what can still be known of theirs.

UPDATE tokens SET parent = maker.id FROM tokens AS maker WHERE maker.id = tokens.created_by AND tokens.parent IS NULL;
UPDATE tokens SET parent = old.id FROM tokens AS old WHERE old.successor = tokens.id;
CREATE INDEX tokens_by_parent ON tokens (parent);
CREATE INDEX tokens_by_maker ON tokens (created_by);
UPDATE tokens SET family = (
  WITH RECURSIVE line (id, parent, depth) AS (
    SELECT tokens.id, tokens.parent, 0
    UNION ALL SELECT above.id, above.parent, line.depth + 1 FROM line JOIN tokens AS above ON above.id = line.parent
  ) SELECT line.id FROM line ORDER BY depth DESC LIMIT 1
) WHERE parent IS NOT NULL;

-- Keys are forgotten by age.
CREATE INDEX idempotency_by_age ON idempotency (at);
