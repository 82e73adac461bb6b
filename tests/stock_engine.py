"""papermill with its own engine, to compare with: it leaks, and must not stall while it does.

nbclient answers an Output widget past the event loop. A reply of the kernel that
comes at that moment is seen only when the next one comes, which may be never; so
the socket is looked at after each such answer. Run as a script, this is the
papermill command.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # slow, and not needed

import zmq
from nbclient.output_widget import OutputWidget
from papermill.__main__ import papermill

_send = OutputWidget.send


def _send_and_look(self, *data, **options):
    _send(self, *data, **options)
    self.kernel_client.shell_channel.socket.get(zmq.EVENTS)


OutputWidget.send = _send_and_look

if __name__ == "__main__":
    papermill()
