"""Every channel by which a secret has been seen to leave a notebook, one row each, as data.

The rows are those of the leak experiments of the house's notebook notes, and a few
more. A channel's cell finds its own planted secret in `token`, so that whatever is
found afterwards tells which channel let it out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of the matrix.

    name     its words in the table
    code     the cell that would let `token` out
    leaks    whether it leaks where nobody keeps secrets; a channel that never did is watched all the same
    fails    the cell ends in an error and the notebook goes on
    planted  how the cell gets its secret: resolved from a file, or (False) by its own code
    long     the secret has more characters than a display shows
    posix    the cell needs a POSIX shell
    """

    name: str
    code: str
    leaks: bool = True
    fails: bool = False
    planted: bool = True
    long: bool = False
    posix: bool = False

    @property
    def slug(self) -> str:
        words = self.name.lower().replace("%", "percent ").replace("!", "shell ")
        return "".join(letter if letter.isalnum() else "-" for letter in words)


PARAMETER = "given as a reference in a parameter"  # its cell reads `token_ref`, which the driver sets
VARIABLE = "LEAK_PROBE"  # of the environment: what the channel below resolves
ENVIRONMENT = "an environment variable, by name"

ENTERING = (
    Channel(
        ENVIRONMENT,
        f"secret = resolve('env:{VARIABLE}')\nos.environ.pop('{VARIABLE}')\nsecret",
        leaks=False,
        planted=False,
    ),
    Channel(
        "a file, by name",
        "secret = resolve(f'file:{place(HERE)}')\nprint(secret, f'{secret:>20}', [secret])\nsecret",
        leaks=False,
        planted=False,
    ),
    Channel(PARAMETER, "secret = resolve(token_ref)\nprint(token_ref)\nsecret", leaks=False, planted=False),
    Channel(
        "entered by a person",
        "secret = resolve('prompt', ask=lambda label: quietly(HERE))\nprint(secret)\nsecret",
        leaks=False,
        planted=False,
    ),
    Channel(
        "entered by a person, then printed",
        "print(resolve('prompt', ask=lambda label: quietly(HERE)).reveal())",
        planted=False,
    ),
    Channel(
        "entered by a person, in an error",
        "token = resolve('prompt', ask=lambda label: f'  “Bearer {quietly(HERE)}” ').reveal()\nraise ValueError(token)",
        fails=True,
        planted=False,
    ),
)

SIGNING_IN = (
    Channel(
        "an access token, in a header",
        "source = signed_in(quietly(HERE))\nprint({'Authorization': f'Bearer {source().reveal()}'}, source, source())",
        planted=False,
    ),
    Channel(
        "msal's result",
        "entra = Entra(quietly(HERE))\nsign_in_by(SignIn('client_secret', tenant_id=GUID, client_id=GUID,"
        " credential=Secret('of-the-application'), http_client=entra))\nimport msal\napp ="
        " msal.ConfidentialClientApplication(GUID, authority='https://login.microsoftonline.com/' + GUID,"
        " client_credential='x',"
        " http_client=entra)\napp.acquire_token_for_client(['https://graph.microsoft.com/.default'])",
        planted=False,
    ),
    Channel(
        "msal's token cache, serialised",
        "cache = msal.SerializableTokenCache()\nsigned_in(quietly(HERE))\napp ="
        " msal.ConfidentialClientApplication(GUID, authority='https://login.microsoftonline.com/' + GUID,"
        " client_credential='x', http_client=Entra(quietly(HERE)), token_cache=cache)\nfound ="
        " app.acquire_token_for_client(['https://graph.microsoft.com/.default'])\nprint(cache.serialize())",
        planted=False,
    ),
)

# blanked or cleared ones leave nothing in the notebook, but papermill's log at DEBUG has seen them
WIDGETS = (
    Channel("Password with a value", "ipywidgets.Password(value=token)"),
    Channel("Password, closed", "field = ipywidgets.Password(value=token)\nfield.close()"),
    Channel("Password, blanked", "field = ipywidgets.Password(value=token)\nfield.value = ''"),
    Channel("Output holding a print", "out = ipywidgets.Output()\nwith out:\n    print(token)\nout"),
    Channel("Output holding a print in two pieces", "out = ipywidgets.Output()\nwith out:\n    in_pieces(token)\nout"),
    Channel("Output holding an error", "out = ipywidgets.Output()\nwith out:\n    raise ValueError(token)\nout"),
    Channel("Output, cleared", "out = ipywidgets.Output()\nwith out:\n    print(token)\nout.clear_output()\nout"),
    Channel(
        "interact with a Password", "ipywidgets.interactive(lambda value: None, value=ipywidgets.Password(value=token))"
    ),
    Channel(
        "interact printing it",
        "ipywidgets.interactive(lambda value: print(value), value=ipywidgets.Password(value=token))",
    ),
    Channel("Text", "ipywidgets.Text(value=token)"),
    Channel("HTML", "ipywidgets.HTML(f'<b>{html.escape(token)}</b>')"),
    Channel("Dropdown", "ipywidgets.Dropdown(options=[token, 'another'])"),
    Channel("Image, in its bytes", "ipywidgets.Image(value=token.encode())"),
)

PAST_IPYTHON = (  # in the notebook or outside it, as the system and the way of starting the kernel will have it
    Channel(
        "a child's own output", "os.environ['SCIM_PW'] = token\ndone = subprocess.run(SAY)\ndel os.environ['SCIM_PW']"
    ),
    Channel("below Python, stdout", "written = os.write(1, f'{token}\\n'.encode())"),
    Channel("below Python, stderr", "written = os.write(2, f'{token}\\n'.encode())"),
    Channel(
        "past IPython", "print(token, file=sys.__stderr__, flush=True)\nprint(token, file=sys.__stdout__, flush=True)"
    ),
)

OUTPUTS = (
    Channel("print", "print(token)"),
    Channel("print to stderr", "print(token, file=sys.stderr)"),
    Channel("print in two pieces", "in_pieces(token)"),
    Channel("print in two pieces around a display", "in_pieces(token, lambda: display('between'))"),
    Channel("print letter by letter", "for letter in token:\n    print(letter, end='', flush=True)"),
    Channel(
        "print letter by letter, a long one", "for letter in token:\n    print(letter, end='', flush=True)", long=True
    ),
    Channel("print in two pieces, a long one", "in_pieces(token)", long=True),
    Channel(
        "print from a thread", "thread = threading.Thread(target=print, args=(token,))\nthread.start()\nthread.join()"
    ),
    Channel("last expression", "token"),
    Channel("last expression, nested", "{'headers': {'Authorization': f'Bearer {token}'}}"),
    Channel("repr of its bytes", "print(repr(token), token.encode())"),
    Channel("DataFrame", "pandas.DataFrame({'token': [token]})"),
    Channel("DataFrame, cut off", "pandas.DataFrame({'token': [token]})", long=True),
    Channel("dataclass", "dataclasses.make_dataclass('Row', ['value'])(token)"),
    Channel("JSON display", "JSON({token: [{'deep': token}]})"),
    Channel("HTML display", "display(HTML(f'<b title=\"{html.escape(token)}\">x</b>'))"),
    Channel("Markdown display", "display(Markdown(f'`{token}`'))"),
    Channel(
        "display update",
        "shown = display('nothing yet', display_id=True)\nshown.update({'text/plain': token}, raw=True)",
    ),
    Channel("metadata of an output", "display({'text/plain': 'x'}, raw=True, metadata={'note': token})"),
    Channel("warning", "warnings.warn(f'Bearer {token}')"),
    Channel("logging at DEBUG", "logging.getLogger('probe').debug('header %s', token)"),
    Channel(
        "logging an exception",
        "try:\n    raise ValueError(token)\nexcept ValueError:\n    logging.getLogger('probe').exception('it failed')",
    ),
    Channel("%whos", "%whos"),
    Channel("%whos, cut off", "%whos", long=True),
    Channel("%env", "os.environ['SCIM_CRED'] = token\n%env"),
    Channel(
        "!env",
        "os.environ.pop('SCIM_CRED', None)\nos.environ['SCIM_PW'] = token\n!env\ndel os.environ['SCIM_PW']",
        posix=True,
    ),
    Channel(
        "a child's output, captured",
        "os.environ['SCIM_PW'] = token\nprint(subprocess.run(SAY, capture_output=True, text=True).stdout)\ndel"
        " os.environ['SCIM_PW']",
    ),
)

ENCODINGS = (
    Channel("base64 of user:token", "print(base64.b64encode(f'user:{token}'.encode()).decode())"),
    Channel(
        "base64, other alignments",
        "print(*(base64.b64encode(f'{\"u\" * n}:{token}'.encode()).decode() for n in (1, 2)))",
    ),
    Channel("base64 as in a mail", "print(base64.encodebytes(f'user:{token}'.encode()).decode())"),
    Channel(
        "URL-quoted",
        "print(urllib.parse.quote(token), urllib.parse.quote(token, safe=''), urllib.parse.quote_plus(token))",
    ),
    Channel("hexadecimal", "print(token.encode().hex(), token.encode('utf-16-le').hex().upper())"),
    Channel("JSON inside JSON", "print(json.dumps({'body': json.dumps({'token': token})}))"),
    Channel("HTML-escaped", "print(html.escape(token))"),
    Channel("UTF-16", "print(token.encode('utf-16-le'))"),
)

ERRORS = (
    Channel("exception message", "raise ValueError(f'Bearer {token} was refused')", fails=True),
    Channel("KeyError", "{}[token]", fails=True),
    Channel("failed assert", "assert token == '', token", fails=True),
    Channel("exception note", "error = RuntimeError('with a note')\nerror.add_note(token)\nraise error", fails=True),
    Channel(
        "exception chained",
        "try:\n    raise ValueError(token)\nexcept ValueError as error:\n    raise RuntimeError('chained') from error",
        fails=True,
    ),
    Channel("exception group", "raise ExceptionGroup('several', [ValueError(token)])", fails=True),
    Channel(
        "CalledProcessError",
        "subprocess.run([sys.executable, '-c', 'raise SystemExit(3)', token], check=True)",
        fails=True,
    ),
    Channel("SyntaxError", "compile(f\"x = '{token}' +\", '<probe>', 'exec')", fails=True),
    Channel(
        "local variable in a traceback",
        "def use(value):\n    return value / 0\n\n\nuse(token)",
        leaks=False,
        fails=True,
    ),
    Channel(
        "%xmode Verbose",
        "%xmode Verbose\ntry:\n    use(token)\nexcept TypeError:\n    get_ipython().showtraceback()\n%xmode Context",
    ),
    Channel(
        "%tb after it", "try:\n    raise ValueError(token)\nexcept ValueError:\n    get_ipython().showtraceback()\n%tb"
    ),
)

REQUESTS = (
    Channel(
        "header ending in a newline", "httpx.get(SERVER, headers={'Authorization': f'Bearer {token}\\n'})", fails=True
    ),
    Channel(
        "status error with the token in the URL",
        "httpx.get(SERVER, params={'access_token': token}).raise_for_status()",
        fails=True,
    ),
    Channel("httpx at INFO, token in the URL", "found = httpx.get(SERVER, params={'access_token': token})"),
    Channel(
        "httpx at DEBUG, header sent",
        "found = httpx.get(f'{SERVER}/silent', headers={'Authorization': f'Bearer {token}'})",
        leaks=False,
    ),
    Channel(
        "httpx at DEBUG, header echoed",
        "found = httpx.get(f'{SERVER}/header', headers={'Authorization': f'Bearer {token}'})",
    ),
    Channel(
        "server echoing the header in its body",
        "print(httpx.get(SERVER, headers={'Authorization': f'Bearer {token}'}).text)",
    ),
    Channel("client.headers", "httpx.Client(headers={'Authorization': f'Bearer {token}'}).headers", leaks=False),
    Channel("dict(client.headers)", "dict(httpx.Client(headers={'Authorization': f'Bearer {token}'}).headers)"),
    Channel("client.headers.raw", "httpx.Client(headers={'Authorization': f'Bearer {token}'}).headers.raw"),
)

GROUPS = {
    "entering": ENTERING,
    "signing in": SIGNING_IN,
    "widgets": WIDGETS,
    "outputs": OUTPUTS,
    "past IPython": PAST_IPYTHON,
    "encodings": ENCODINGS,
    "errors": ERRORS,
    "requests": REQUESTS,
}
EVERYWHERE = tuple(chain.from_iterable(GROUPS.values()))
CHANNELS = tuple(channel for channel in EVERYWHERE if os.name == "posix" or not channel.posix)
THE_END = Channel("the error that ends the notebook", "raise RuntimeError(f'the end: {token}')", fails=True)

# what a person does in JupyterLab; the cells wait for it
TYPED_PROMPT = Channel(
    "typed at getpass",
    "from getpass import getpass\nasked = resolve('prompt', ask=getpass, label='Secret of the probe').reveal() if"
    " PROTECTED else getpass('Secret of the probe')\nprint(asked)",
    planted=False,
)
TYPED_FIELD = Channel(
    "typed into a field",
    "from scimkit.ui.forms import TokenForm\nform = TokenForm('Token of the probe', ('prompt',), lambda token, place:"
    " 'kept') if PROTECTED else ipywidgets.Password(description='Token of the probe')\nform",
    planted=False,
)

# what cannot be kept in, and what is done about it
OUT_OF_SCOPE = (
    (
        "a secret as the value of a parameter, `papermill -p`",
        "papermill writes the injected cell and its metadata before any cell runs; scimkit run refuses it, unrepeated",
    ),
    (
        "a secret on the command line",
        "every process list shows it while the command runs; scimkit takes references only, and refuses a value",
    ),
    (
        "a secret in the source of a cell",
        (
            "JupyterLab saves what is typed before the kernel knows of it; once registered it is taken out of IPython's"
            " history"
        ),
    ),
    (
        "a secret in an output path, `out-{token}.ipynb`",
        "papermill fills the name in itself; scimkit run builds its paths from the run folder and the step",
    ),
    (
        "a secret in a plain ipywidgets.Password that a person types into",
        "nobody registers it; the kit's own TokenForm does and blanks itself",
    ),
    ("/proc/<pid>/environ", "the same user's other processes may read it; a file or a keyring leaves no such trace"),
)
