-- A person who was deleted leaves a row, so that their tokens stay known as revoked and their name is no riddle in old entries. The
-- address is taken out of it, so that the person can be invited anew, as another user.
ALTER TABLE users ADD COLUMN deleted_at INTEGER;

-- whatever somebody who leaves has made
CREATE INDEX tokens_by_creator ON tokens (created_by);
