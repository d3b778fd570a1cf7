"""
Jupyter's settings, in the image and when notebooks run as processes.

    NOTEBOOK_PORT=6001 JUPYTER_TOKEN=… jupyter-notebook --config=…/jupyter_server_config.py

From the environment: JUPYTER_TOKEN (required), HOME, NOTEBOOK_ADDRESS, NOTEBOOK_PORT, and the two idle times below.

The surprise: Jupyter takes an error in this file for a warning, and starts with its defaults, another address and
port among them. So anything that goes wrong here ends the process (see the end).
"""
import hashlib
import os
import pathlib
import sqlite3
import sys
import tempfile

import jupyterlab.commands
import nbformat
import notebook
from jupyter_server.auth.identity import PasswordIdentityProvider, User
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from nbformat.sign import NotebookNotary

FOLDER = pathlib.Path(__file__).resolve().parent
# Served from here, and put into every page before all other scripts, in this order. Each file says why.
SCRIPTS = ["storage.js", "same-frame.js"]
# Parts of the pages that students do without: nothing can be installed from a page, and no question about news
# comes before the lesson (it is asked even where the news are off).
DISABLED = ["@jupyterlab/extensionmanager-extension", "@jupyterlab/apputils-extension:announcements"]
# Deleted when the process ends; kept in a name, since it is deleted as well when nothing refers to it.
TEMPLATES = tempfile.TemporaryDirectory(prefix="hallpass-templates-")


def read_number(name, default, highest):
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= highest):
        sys.exit(f'{name} is "{text}", but must be a whole number from 0 to {highest}. Leave it out for {default}.')
    return int(text)


def script_elements():
    """The script elements, with a hash of each file in its address, so that browsers may keep it for ever."""
    def element(name):
        version = hashlib.sha256((FOLDER / "static" / "hallpass" / name).read_bytes()).hexdigest()[:16]
        return '<script src="{{ base_url | escape }}static/hallpass/%s?v=%s"></script>' % (name, version)

    return "".join(element(name) for name in SCRIPTS)


def copy_templates(source, name):
    """Copies an application's page templates, with our scripts first in each head; the copy's folder."""
    target = pathlib.Path(TEMPLATES.name) / name
    target.mkdir()
    pages = 0
    for template in pathlib.Path(source).glob("*.html"):
        before, head, after = template.read_text("utf-8").partition("<head>")
        pages += head != ""
        (target / template.name).write_text(before + head + (script_elements() if head else "") + after, "utf-8")
    if pages == 0:
        sys.exit(f"No page template with a <head> in {source}. Is this another release of Jupyter than requirements.txt says?")
    return str(target)


class ProxiedStudent(PasswordIdentityProvider):
    """
    The one person that a notebook has, by the token that the proxy puts into each request.

    Jupyter would invent a name for each browser ("Anonymous Ananke") and set a cookie with it, first of all in the
    answers to a page's three hundred files, which are to be kept by caches.
    """

    def generate_anonymous_user(self, _handler):
        return User("student", "student", "Student", "S", None, None)

    def set_login_cookie(self, handler, user):
        # Without a proxy, the token in the address of the first page lets a browser in; then the cookie is needed.
        if handler.get_argument("token", ""):
            super().set_login_cookie(handler, user)


def change_page(_handler, page):
    """What a page is told about its server."""
    # The proxy puts the token into each request. A page that has it would put it into its WebSockets' addresses,
    # and so into logs; and what a student's notebook shows could read it.
    page["token"] = ""
    page["disabledExtensions"] = [*page.get("disabledExtensions", []), *DISABLED]
    return page


def hide_token():
    """Jupyter's own page of an error has the token too, in an attribute that every script of the page can read."""
    namespace = JupyterHandler.template_namespace.fget
    JupyterHandler.template_namespace = property(lambda handler: {**namespace(handler), "token": ""})


def trust_lesson():
    """Signs the lesson while it is as we wrote it: else the first thing that a student reads is "Not Trusted"."""
    lesson = (FOLDER / "lesson.ipynb").read_bytes()
    copy = pathlib.Path(os.environ["HOME"], "lesson.ipynb")
    try:
        if copy.read_bytes() == lesson:
            NotebookNotary().sign(nbformat.reads(lesson.decode(), nbformat.NO_CONVERT))
    except (OSError, sqlite3.Error):
        # No lesson, or no room for the signature.
        pass


def set_up(c):
    if not os.environ.get("JUPYTER_TOKEN"):
        sys.exit("JUPYTER_TOKEN is not set: the notebook would choose a token that nobody knows. Set it to a secret text.")

    server = c.ServerApp
    server.ip = os.environ.get("NOTEBOOK_ADDRESS", "0.0.0.0")
    server.port = read_number("NOTEBOOK_PORT", 8888, 65535)
    # A port that is taken is an error: by default Jupyter takes another one, where nobody would look for it.
    server.port_retries = 0
    server.root_dir = os.environ["HOME"]
    server.open_browser = False
    # The image's user is not root. As processes notebooks run as whoever started them, in a container often root.
    server.allow_root = os.geteuid() == 0
    # The proxy's Host header is the notebook's public name, and X-Forwarded-Proto and X-Real-IP are the proxy's own.
    server.allow_remote_access = True
    server.trust_xheaders = True
    server.identity_provider_class = ProxiedStudent
    # Cookies of an earlier notebook with the same home mean nothing to this one.
    server.cookie_secret = os.urandom(32)
    # A student ends a notebook in the school's page, which then knows that it has ended.
    server.quit_button = False
    # A trash folder inside the home would fill it, and Notebook has no page that empties it.
    c.FileContentsManager.delete_to_trash = False

    c.JupyterNotebookApp.default_url = "/notebooks/lesson.ipynb"
    set_pages(c)
    set_idle(c)
    set_quiet(c)
    trust_lesson()


def set_pages(c):
    c.ServerApp.extra_static_paths = [str(FOLDER / "static")]
    c.ServerApp.static_immutable_cache = ["/static/hallpass/"]
    c.LabApp.templates_dir = copy_templates(os.path.join(jupyterlab.commands.get_app_dir(), "static"), "lab")
    c.JupyterNotebookApp.templates_dir = copy_templates(pathlib.Path(notebook.__file__).parent / "templates", "notebook")
    c.ServerApp.tornado_settings = {"page_config_hook": change_page}
    hide_token()
    # same-frame.js saves through it.
    c.LabApp.expose_app_in_browser = True
    c.JupyterNotebookApp.expose_app_in_browser = True


def count_only_changes():
    """
    Makes only what changes something count as activity, such as a cell that runs or a file that is saved.

    A page that lies open in front asks for kernels and files every ten seconds, for ever: the server of a student who
    went home without closing it would never be idle.
    """
    count = APIHandler.update_api_activity

    def count_changes(handler):
        if handler.request.method not in ("GET", "HEAD", "OPTIONS"):
            count(handler)

    APIHandler.update_api_activity = count_changes


def set_idle(c):
    """Ends what nobody uses: first kernels and terminals, and when none is left, the server."""
    count_only_changes()
    # Two hours: longer than a lesson and the break after it, since a kernel that ends takes its variables along.
    kernel_seconds = read_number("NOTEBOOK_KERNEL_IDLE_SECONDS", 7200, 604800)
    # Fifteen minutes: a notebook starts again in seconds, and its files stay.
    server_seconds = read_number("NOTEBOOK_SERVER_IDLE_SECONDS", 900, 604800)
    c.MappingKernelManager.cull_idle_timeout = kernel_seconds
    # A page that was left open overnight holds a connection, and must not hold the kernel. What still computes stays.
    c.MappingKernelManager.cull_connected = True
    # Terminals are on: a kernel can run any command anyway. But an open one keeps the server alive.
    c.TerminalManager.cull_inactive_timeout = kernel_seconds
    c.ServerApp.shutdown_no_activity_timeout = server_seconds


def set_quiet(c):
    """Asks nobody outside: no news, no updates, no extensions, no language servers."""
    c.LabApp.news_url = None
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    c.LabApp.extension_manager = "readonly"
    c.LanguageServerManager.autodetect = False
    # Where there is a `node` on PATH, JupyterLab asks it at every start for npm's address, to build what is not built here.
    jupyterlab.commands._yarn_config = lambda _logger: {"yarn config": {}, "npm config": {}}


try:
    set_up(get_config())  # noqa: F821: traitlets gives this function to the file
except Exception as error:
    sys.exit(f"jupyter_server_config.py: {type(error).__name__}: {error}")
