-- How many reports of leaked tokens came from an address within a minute (epoch minutes), for those that led to a look-up.
CREATE TABLE leak_reports (
  minute INTEGER NOT NULL,
  address TEXT NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (minute, address)
) STRICT;
