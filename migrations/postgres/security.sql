-- The second wall between tenants: a row is there only for a transaction that says, by the setting
-- vpr.tenant, that it works for the tenant of this schema. The first wall is the search path.
-- Runs after every migration, with the schema in the search path and two settings: vpr.tenant, and
-- vpr.serving, the role that may read and write rows and nothing else.
DO $$
DECLARE
    schema text := current_schema();
    tenant text := current_setting('vpr.tenant');
    serving text := current_setting('vpr.serving');
    owned text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', schema, serving);
    FOR owned IN
        SELECT c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = schema AND c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        -- The owner is held, too.
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', owned);
        EXECUTE format('CREATE POLICY tenant ON %I USING (current_setting(''vpr.tenant'', true) = %L)', owned, tenant);
        IF owned = 'migrations' THEN
            EXECUTE format('GRANT SELECT ON %I TO %I', owned, serving);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', owned, serving);
        END IF;
    END LOOP;
END
$$;
