"""The emulated AWS: `python -m gwctl.emulated_aws [--data-dir DIR] …`. In: options. Out: a server on this machine.

moto 5.2.5 with the patches of `shim`. Without a data directory everything is in memory and gone with the process; with
one, nothing that was answered is forgotten. GET /healthz says when it is ready. With an access key in
`GWCTL_LOCAL_AWS_ACCESS_KEY` only requests signed with that key are answered. Signatures are not checked, so it listens
on loopback unless told otherwise.
"""

import argparse
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.stores.aws.local_names import ACCESS_KEY

_SETTINGS: Final = {
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # Terraform's provider reads those that roles are given
}


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when the directory or the address is unusable."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.emulated_aws", description="The emulated AWS.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--data-dir", type=Path, help="where the content is kept; without it, in memory")
    parser.add_argument("--url-file", type=Path, help="write the URL here when it serves")
    parser.add_argument("--access-log", action="store_true", help="write a line for every request")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.environ.update(_SETTINGS)  # moto reads them when it is imported

    from gwctl.emulated_aws.app import EmulatedAws
    from gwctl.emulated_aws.disk.disk import Disk
    from gwctl.emulated_aws.http_server import serving

    try:
        disk = Disk(options.data_dir) if options.data_dir else None
        told = partial(print, flush=True) if options.access_log else None
        server = serving(EmulatedAws(disk, os.environ.get(ACCESS_KEY), told), options.host, options.port)
        if options.url_file:
            write_atomically(options.url_file, f"http://{options.host}:{server.port}\n".encode())
    except (UserError, OSError) as error:
        print(f"aws: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
