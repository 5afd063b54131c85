-- The first shape. Moments are microseconds since the Unix epoch; what has a shape is JSON.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('pipeline_version', 0);

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

-- An archived pipeline has no config. A paused thing has a moment since when.
CREATE TABLE pipelines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    instance TEXT NOT NULL,
    version BIGINT NOT NULL,
    position BIGINT NOT NULL,
    paused_at BIGINT,
    paused_by TEXT,
    paused_why TEXT,
    archived_at BIGINT,
    updated_at BIGINT NOT NULL,
    parent_job_id BIGINT,
    parent_build_id BIGINT,
    groups TEXT NOT NULL DEFAULT '[]',
    config TEXT,
    UNIQUE (team_id, name, instance)
);
CREATE INDEX pipelines_parent ON pipelines (parent_job_id);

-- Due when requested > scheduled. Both are moments, moved on by one where they would repeat.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline_id BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    paused_at BIGINT,
    paused_by TEXT,
    paused_why TEXT,
    requested BIGINT NOT NULL DEFAULT 0,
    scheduled BIGINT NOT NULL DEFAULT 0,
    last_number BIGINT NOT NULL DEFAULT 0,
    has_new_inputs BOOLEAN NOT NULL DEFAULT FALSE,
    are_inputs_determined BOOLEAN NOT NULL DEFAULT FALSE,
    is_max_in_flight_reached BOOLEAN NOT NULL DEFAULT FALSE,
    finished_build_id BIGINT,
    next_build_id BIGINT,
    transition_build_id BIGINT,
    green_build_id BIGINT,
    pulse TEXT NOT NULL DEFAULT '[]',
    next_inputs TEXT NOT NULL DEFAULT '[]',
    config TEXT NOT NULL,
    UNIQUE (pipeline_id, name)
);
CREATE INDEX jobs_due ON jobs (requested) WHERE requested > scheduled;

-- What a resource's type and filled source are: a digest only.
CREATE TABLE resource_configs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE
);

CREATE TABLE resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline_id BIGINT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    scope_id BIGINT,
    pin TEXT,
    pin_by TEXT,
    pin_comment TEXT,
    config TEXT NOT NULL,
    UNIQUE (pipeline_id, name)
);
CREATE INDEX resources_scope ON resources (scope_id);

-- A history: of one resource, or of all with the same config where resource_id is null. The
-- state of its last check stands here too.
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    config_id BIGINT NOT NULL REFERENCES resource_configs (id),
    resource_id BIGINT REFERENCES resources (id) ON DELETE CASCADE,
    check_started_at BIGINT,
    check_ended_at BIGINT,
    check_ok BOOLEAN NOT NULL DEFAULT FALSE,
    check_error TEXT,
    check_next_at BIGINT,
    check_build_id BIGINT
);
CREATE UNIQUE INDEX scopes_own ON scopes (config_id, resource_id);
CREATE UNIQUE INDEX scopes_shared ON scopes (config_id) WHERE resource_id IS NULL;
CREATE INDEX scopes_resource ON scopes (resource_id);

-- A check that failed before there was a scope.
CREATE TABLE scopeless_checks (
    resource_id BIGINT PRIMARY KEY REFERENCES resources (id) ON DELETE CASCADE,
    ended_at BIGINT NOT NULL,
    error TEXT,
    next_at BIGINT NOT NULL
);

-- check_order 0: no check reported it.
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope_id BIGINT NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    check_order BIGINT NOT NULL,
    version TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '[]',
    UNIQUE (scope_id, digest)
);
CREATE INDEX versions_order ON versions (scope_id, check_order);

CREATE TABLE disabled_versions (
    resource_id BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (resource_id, digest)
);

CREATE TABLE job_inputs (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    resource_id BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    is_trigger BOOLEAN NOT NULL,
    has_passed BOOLEAN NOT NULL,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX job_inputs_resource ON job_inputs (resource_id);

CREATE TABLE job_passed (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    passed_job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (job_id, position, passed_job_id)
);
CREATE INDEX job_passed_job ON job_passed (passed_job_id);

CREATE TABLE job_outputs (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    resource_id BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX job_outputs_resource ON job_outputs (resource_id);

CREATE TABLE job_serial_groups (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (job_id, name)
);

-- One sequence for all builds, checks too: ids rise in the order of creation and are never used
-- again.
CREATE TABLE builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    pipeline_id BIGINT REFERENCES pipelines (id) ON DELETE CASCADE,
    job_id BIGINT REFERENCES jobs (id) ON DELETE CASCADE,
    resource_id BIGINT REFERENCES resources (id) ON DELETE CASCADE,
    rerun_of BIGINT,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    created_by TEXT,
    aborted_by TEXT,
    is_aborted BOOLEAN NOT NULL DEFAULT FALSE,
    is_scheduled BOOLEAN NOT NULL DEFAULT FALSE,
    are_inputs_ready BOOLEAN NOT NULL DEFAULT FALSE,
    cause TEXT
);
CREATE UNIQUE INDEX builds_job ON builds (job_id, id);
CREATE UNIQUE INDEX builds_name ON builds (job_id, name);
CREATE INDEX builds_open ON builds (job_id, id) WHERE status IN ('pending', 'started');
CREATE INDEX builds_succeeded ON builds (job_id, (COALESCE(rerun_of, id)), id)
    WHERE status = 'succeeded';
CREATE INDEX builds_rerun ON builds (rerun_of);
CREATE INDEX builds_pipeline ON builds (pipeline_id);
CREATE INDEX builds_resource ON builds (resource_id);

CREATE TABLE build_plans (
    build_id BIGINT PRIMARY KEY REFERENCES builds (id) ON DELETE CASCADE,
    plan TEXT NOT NULL
);

-- Content is kept beside its digest, so that it outlives the scope that it came from.
CREATE TABLE build_inputs (
    build_id BIGINT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    job_id BIGINT NOT NULL,
    resource_id BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    is_first_occurrence BOOLEAN NOT NULL,
    version TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (build_id, name)
);
CREATE INDEX build_inputs_used ON build_inputs (job_id, resource_id, digest, name);
CREATE INDEX build_inputs_version ON build_inputs (resource_id, digest);

-- The builds that vouch for an input.
CREATE TABLE build_pipes (
    build_id BIGINT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    from_build_id BIGINT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    PRIMARY KEY (build_id, name, from_build_id)
);
CREATE INDEX build_pipes_from ON build_pipes (from_build_id);

CREATE TABLE build_outputs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build_id BIGINT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    resource_id BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '[]',
    UNIQUE (build_id, name, digest)
);
CREATE INDEX build_outputs_version ON build_outputs (resource_id, digest);

-- What a build that succeeded vouches for: [[resource, [digest, ...]], ...] by rising resource.
CREATE TABLE build_vouches (
    build_id BIGINT PRIMARY KEY REFERENCES builds (id) ON DELETE CASCADE,
    outputs TEXT NOT NULL
);

-- The oldest build of a job that vouches for a version, by its place in the order of builds.
CREATE TABLE job_vouches (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    resource_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    origin BIGINT NOT NULL,
    build_id BIGINT NOT NULL,
    PRIMARY KEY (job_id, resource_id, digest)
);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build_id BIGINT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    node TEXT NOT NULL,
    kind TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (build_id, node, kind)
);

CREATE TABLE containers (
    handle TEXT PRIMARY KEY,
    runtime TEXT NOT NULL,
    build_id BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    working_dir TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    is_running BOOLEAN NOT NULL,
    exit_status BIGINT,
    expires_at BIGINT
);
CREATE INDEX containers_build ON containers (build_id);

CREATE TABLE volumes (
    handle TEXT PRIMARY KEY,
    runtime TEXT NOT NULL,
    build_id BIGINT NOT NULL,
    plan_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX volumes_build ON volumes (build_id);

CREATE TABLE task_caches (
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    path TEXT NOT NULL,
    runtime TEXT NOT NULL,
    volume TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, step, path, runtime)
);

-- The epoch counts holders; a row stays when its lease is given back.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
