"""Webhooks of an earlier version: endpoints, secrets and what was on its way are kept and sent."""

from datetime import UTC, datetime, timedelta

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from service.db.engine import Database
from service.db.migrate import MIGRATIONS, upgrade
from service.webhooks.sending import Sender
from service.webhooks.signing import new_secret
from tests.service.webhooks.posting import GUARD, SEAL
from tests.service.webhooks.receiver import receiving

ID = "0" * 26
ROWS = (
    "INSERT INTO webhook_endpoint (id, tenant, url, events, secret, created_at)"
    " VALUES (:id, 'default', :url, '[\"scan.completed\"]', :secret, :now)",
    "INSERT INTO webhook_event (id, tenant, type, document, created_at)"
    " VALUES (:id, 'default', 'scan.completed', '{}', :now)",
    "INSERT INTO webhook_delivery (tenant, endpoint_id, event_id, state, attempts, next_at,"
    " give_up_at, lease, lease_until)"
    " VALUES ('default', :id, :id, 'pending', 1, :now, :then, 'dead', :now)",
)


def test_what_waited_before_the_upgrade_is_sent_after_it(database_url: str) -> None:
    database, config = Database(database_url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
    secret, now = new_secret(), datetime.now(UTC)
    moments = {"now": now, "then": now + timedelta(hours=24)}
    with receiving() as receiver:
        values = {"id": ID, "url": receiver.url, "secret": secret, **moments}
        with database.engine.begin() as connection:
            for statement in ROWS:
                connection.execute(text(statement), values)
        upgrade(database.engine)
        assert Sender(database, GUARD, SEAL).tell(ID) == 1
        assert receiver.ids == [ID]
        Webhook(secret).verify(receiver.bodies[0], receiver.seen[0])
    database.close()
