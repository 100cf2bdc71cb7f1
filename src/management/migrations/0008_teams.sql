-- A team's limits are not for its members to lift: who leaves their last team, or is taken out of it by an owner of the team, sees no
-- dataset until an administrator decides.
CREATE TABLE team_leavers (
  org TEXT NOT NULL REFERENCES orgs (id),
  user_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (org, user_id)
) STRICT;

-- What hangs on a membership ends with it, whoever ends it: an account that is invited anew finds none of it.
CREATE TRIGGER members_end AFTER DELETE ON members BEGIN
  DELETE FROM group_members WHERE user_id = OLD.user_id AND group_id IN (SELECT id FROM groups WHERE org = OLD.org);
  DELETE FROM team_members WHERE user_id = OLD.user_id AND team_id IN (SELECT id FROM teams WHERE org = OLD.org);
  DELETE FROM team_leavers WHERE user_id = OLD.user_id AND org = OLD.org;
END;

-- No team restricts these, so they are in none.
CREATE TRIGGER members_promoted AFTER UPDATE OF role ON members WHEN NEW.role IN ('owner', 'admin') BEGIN
  DELETE FROM team_members WHERE user_id = NEW.user_id AND team_id IN (SELECT id FROM teams WHERE org = NEW.org);
  DELETE FROM team_leavers WHERE user_id = NEW.user_id AND org = NEW.org;
END;
