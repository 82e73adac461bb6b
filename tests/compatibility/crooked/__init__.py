"""A SCIM server of its own process that is right, or wrong in exactly the ways it is told to be.

Written from RFC 7643, RFC 7644 and Microsoft's "Develop and plan provisioning for a SCIM
endpoint"; it shares no code with scimkit and has no dependency. One process holds any number
of worlds: the first segment of the path names the defects, joined by `+`; what follows a `~`
keeps worlds of the same defects apart:

    http://127.0.0.1:PORT/plain~1/scim/v2                    right in everything
    http://127.0.0.1:PORT/no_groups+op_case~2/scim/v2        two defects

`GET /WORLD/-/state` shows what a world holds, `POST /WORLD/-/reset` empties it, and after `POST /WORLD/-/hold`
{"write": 7, "when": "before"} the seventh write hangs, not yet done (or `after` it is), until `-/release`; all for
tests. `python tests/compatibility/crooked` prints `{"url": …, "token": …}` when ready and serves until its input ends.
"""
