-- History of maximum loans, which `okx-maxloan watch --record` writes and `okx-maxloan chart` reads.
-- `at` is in milliseconds since 1970-01-01 UTC. A poll without a row of a series is an outage of that series.
BEGIN;

-- One row for each poll, with or without an answer, and for each start of watch.
CREATE TABLE polls (at INTEGER PRIMARY KEY);

-- One row for each row of a response. `profile` is empty without --profile, `inst_id` where a currency was queried.
-- `max_loan` is the text that OKX sent, empty where it gave no amount.
CREATE TABLE loans (
    at INTEGER NOT NULL REFERENCES polls,
    profile TEXT NOT NULL,
    inst_id TEXT NOT NULL,
    mgn_mode TEXT NOT NULL,
    mgn_ccy TEXT NOT NULL,
    side TEXT NOT NULL,
    ccy TEXT NOT NULL,
    max_loan TEXT NOT NULL,
    PRIMARY KEY (profile, inst_id, mgn_mode, mgn_ccy, side, ccy, at)
) WITHOUT ROWID;

-- "OKXM" tells a history from any other database.
PRAGMA application_id = 0x4F4B584D;
PRAGMA user_version = 2;
COMMIT;
