import ssl

import httpx


def get(url, context):
    # ruleid: tls-verified
    httpx.get(url, verify=False)
    # ruleid: tls-verified
    context.check_hostname = False
    # ok: tls-verified
    return httpx.get(url, verify=ssl.create_default_context())
