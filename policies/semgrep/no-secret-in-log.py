import logging

_LOG = logging.getLogger(__name__)


def told(client, token, secret_name):
    # ruleid: no-secret-in-log
    _LOG.info("got %s", token)
    # ruleid: no-secret-in-log
    logging.debug(f"client has {client.client_secret}")
    # ok: no-secret-in-log
    _LOG.info("read %s", secret_name)
    # ok: no-secret-in-log
    _LOG.info("the token of %s has expired", client.id)
