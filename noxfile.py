"""Everything that is done to this project, one session a thing; `nox --list` shows them."""

import json
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|venv"  # uv, where it is, installs in seconds
nox.options.reuse_venv = "yes"
# What the README's test line runs, fastest first.
nox.options.sessions = ["lint", "types", "derived", "tests", "live"]

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
HERE = Path(__file__).parent
LOCK = HERE / "generated" / "LOCK"
DIST = HERE / "dist"
EXTRAS = list(nox.project.load_toml(HERE / "pyproject.toml")["project"]["optional-dependencies"])
# What runs the examples of the manuals and the blocks of the pages.
EXAMPLES = ("tests/live/test_examples.py", "tests/live/test_pages.py")


def groups(*names: str) -> tuple[str, ...]:
    """Give what is in some dependency groups."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *names)


def install(session: nox.Session, *names: str) -> None:
    """Install this project, and the dependency groups that a session needs."""
    session.install("-q", "-e", ".", *groups(*names))


# -- checks ----------------------------------------------------------------------------------------
@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and that imports flow one way."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check types: strictly in the facade, and what users see of it."""
    install(session, "lint", "test")
    session.run("pyright")
    session.run("mypy")


@nox.session
def derived(session: nox.Session) -> None:
    """Check that what is derived (bindings, sync client, contract) is what its source gives."""
    install(session, "generate")
    session.run("python", "facade/unasync.py", "--check")
    session.run("python", "openapi/build.py", "--check", *contracts())
    session.run("python", "openapi/diff.py", "--page", "--check")
    session.run("python", "openapi/generate.py", "--check", *locked_versions())


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need no network; what is replayed has to run nearly all of the client."""
    install(session, "test", "notebook", "coverage")
    if session.posargs:  # some tests, or tests in some way: a part of the client, then
        session.run("pytest", "-m", "not live", *session.posargs)
        return
    # The site is looked through by the session that builds it.
    apart = ("--ignore=tests/replay", "--ignore=tests/site")
    session.run("pytest", "--numprocesses=2", "-m", "not live", *apart)
    session.run("coverage", "run", "-m", "pytest", "-m", "not live", "tests/replay")
    session.run("coverage", "report")


@nox.session(python=PYTHONS)
def matrix(session: nox.Session) -> None:
    """Run the tests of what users import on every Python that is supported, without a network."""
    install(session, "test")
    options = ("--numprocesses=2", "-m", "not live", "-q")
    session.run("pytest", *options, "tests/unit", "tests/replay", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """Run the tests against a real server and nodes on this machine."""
    install(session, "test", "properties", "notebook")
    # The examples have a session of their own, which the gate runs beside this one.
    # So have the search for secrets, and the suite of faults.
    left_out = [f"--ignore={path}" for path in (*EXAMPLES, "tests/secrets", "tests/faults")]
    chosen = ("-m", "live", *left_out, *session.posargs)
    # They mostly wait, so there are more at once than processors; each worker has its own networks.
    session.run("pytest", "--numprocesses=3", "--dist=loadscope", *chosen)


@nox.session
def examples(session: nox.Session) -> None:
    """Run the examples of the manuals, and every block of the pages, on a real network."""
    install(session, "test")
    workers = ("--numprocesses=2", "--dist=loadfile")
    session.run("pytest", *workers, *EXAMPLES, *session.posargs)


@nox.session
def secrets(session: nox.Session) -> None:
    """Do all that has to do with secrets, and search what is shown for them."""
    install(session, "test")
    session.run("pytest", "--numprocesses=2", "-p", "no:logging", "tests/secrets", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Ask PyPI for known weaknesses of all that users and developers install."""
    extras = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    checked = ("test", "coverage", "notebook", "properties", "lint", "docs", "generate", "release")
    install(session, *checked)
    session.install("-q", f".[{','.join(extras)}]", "pip", "pip-audit==2.10.1")
    freeze = ("python", "-m", "pip", "freeze", "--exclude", "vantage6-sdk")
    installed = Path(session.create_tmp(), "installed.txt")
    installed.write_text(str(session.run(*freeze, silent=True)))
    # What PyPI does not tell of is a failure, too: without --strict, an index that tells of nothing
    # would have all pass.
    session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", str(installed))


@nox.session
def faults(session: nox.Session) -> None:
    """Break each exchange in each way, and hold docs/faults.md to what comes: `-- --write` it."""
    install(session, "test")
    session.run("pytest", "-q", "tests/faults", *session.posargs)


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Fuzz what decodes, 20 seconds a target: `nox -s fuzz -- SECONDS TARGET` for another."""
    install(session, "test", "fuzz")
    session.run("python", "tests/fuzz", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into site/, strictly and offline, and look through it."""
    install(session, "docs", "test")
    # Whoever asks for anything from elsewhere fails: nobody listens there.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    session.run("mkdocs", "build", env={**nowhere, "NO_MKDOCS_2_WARNING": "1"})
    session.run("pytest", "-q", "tests/site", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Ask a real server and store whatever the contract allows, and what not: many requests."""
    install(session, "test", "properties")
    suite = ("-s", "tests/contract/test_properties_live.py", *session.posargs)
    session.run("pytest", *suite, env={"VANTAGE6_CASES": "50"})


@nox.session
def truth(session: nox.Session) -> None:
    """Hold real services of other versions against the contract: `nox -s truth -- 4.10.2 4.7.1`."""
    if not session.posargs:
        session.error("name the versions to hold against their contracts: nox -s truth -- 4.10.2")
    install(session, "test")
    suites = [f"tests/contract/test_truth_{name}.py" for name in ("live", "store_live")]
    for version in session.posargs:
        session.run("pytest", *suites, env={"VANTAGE6_TRUTH": version})


@nox.session
def versions(session: nox.Session) -> None:
    """Use every method of the client on servers of several versions, or of those that are named."""
    install(session, "test")
    suites = [f"tests/live/{form}/test_every_method.py" for form in ("_async", "_sync")]
    for version in session.posargs or ("4.7.1", "4.10.2", "4.13.7", "4.15.2"):
        has_blobs = tuple(map(int, version.split(".")))[:2] >= (4, 13)
        more = ["tests/live/test_blobs.py"] if has_blobs else []
        session.run("pytest", *suites, *more, env={"VANTAGE6_SCRIPT": version})


@nox.session
def interop(session: nox.Session) -> None:
    """Hold our messages against the official client's, both ways; the live session does so too."""
    install(session, "test")
    session.run("pytest", "tests/live/test_interop.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure ours beside the official client, into docs/benchmarks.md: `-- SUBJECT` for one."""
    install(session, "bench")
    session.run("python", "tests/bench", *session.posargs)


# -- making ----------------------------------------------------------------------------------------
def contracts() -> list[str]:
    """List the contracts there are, as SERVICE=VERSION."""
    facts = sorted((HERE / "openapi" / "facts").glob("*/*.json"))
    return [f"{file.parent.name}={file.stem}" for file in facts]


def locked_versions() -> list[str]:
    """List the contracts that the bindings are made from, as SERVICE=VERSION."""
    paths = json.loads(LOCK.read_text())["contracts"]
    return [path.removesuffix(".json").replace("/", "=") for path in paths]


@nox.session
def contract(session: nox.Session) -> None:
    """Rebuild a version's contracts from the package index: `nox -s contract -- 4.15.2`."""
    if len(session.posargs) != 1:
        session.error("name one version of the server and the store: nox -s contract -- 4.15.2")
    (version,) = session.posargs
    install(session, "generate")
    module = "vantage6.localnet._environment"
    find = f"from {module} import environment_python; print(environment_python('{version}'))"
    python = session.run("python", "-c", find, silent=True, stderr=None).strip()
    services = ("server", "store")
    for service in services:
        extract = (python, "openapi/extract.py", service)
        facts = session.run(*extract, external=True, silent=True, stderr=None)
        (HERE / "openapi" / "facts" / service / f"{version}.json").write_text(facts)
    session.run("python", "openapi/build.py", *(f"{service}={version}" for service in services))
    for service in services:
        target = f"openapi/{service}/{version}.json"
        session.run("openapi-spec-validator", target)
        # The generator is the stricter reader: it warns of whatever it cannot express.
        strict = ("openapi-python-client", "generate", "--fail-on-warning", "--overwrite")
        settings = ("--meta", "none", "--config", "openapi/generator.yaml")
        with tempfile.TemporaryDirectory() as folder:
            session.run(*strict, *settings, "--path", target, "--output-path", folder)


@nox.session(name="contract-diff")
def contract_diff(session: nox.Session) -> None:
    """Tell what changed between two versions: `nox -s contract-diff -- 4.14.0 4.15.2`."""
    session.run("python", "openapi/diff.py", *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Write generated/, or check it with --check; SERVICE=VERSION takes another version."""
    install(session, "generate")
    named = [argument for argument in session.posargs if "=" in argument]
    options = [argument for argument in session.posargs if "=" not in argument]
    versions = dict(item.split("=") for item in [*locked_versions(), *named])
    chosen = [f"{service}={version}" for service, version in versions.items()]
    session.run("python", "openapi/generate.py", *chosen, *options)


@nox.session
def unasync(session: nox.Session) -> None:
    """Derive the sync client from the async one, or check it: `nox -s unasync -- --check`."""
    install(session, "lint")
    session.run("python", "facade/unasync.py", *session.posargs)


@nox.session
def record(session: nox.Session) -> None:
    """Record the cassettes anew, from a network that the session starts itself."""
    install(session, "test")
    session.run("pytest", "tests/replay/_async", "--record-mode=rewrite", *session.posargs)
    session.run("pytest", "tests/replay")


@nox.session
def build(session: nox.Session) -> None:
    """Make wheel and sdist, check them, and install them where nothing else is."""
    session.install("-q", *groups("release"))
    shutil.rmtree(DIST, ignore_errors=True)
    make = ("python", "-m", "build", "--no-isolation", "--outdir")
    session.run(*make, str(DIST), silent=True)  # the wheel is built from the sdist
    session.run(*make, str(DIST / "tree"), "--wheel", silent=True)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    session.run("python", "release/check.py", str(DIST))
    session.run("python", "release/public_api.py", *session.posargs)
    for python in PYTHONS:
        session.notify(f"installed-{python}")
    for extra in EXTRAS:
        session.notify(f"extra({extra})")


@nox.session
def release(session: nox.Session) -> None:
    """Give the next release its version and its section of the changelog: `-- 0.2.0`."""
    session.install("-q", "packaging>=24")
    session.run("python", "release/bump.py", *session.posargs)


def install_wheel(session: nox.Session, extra: str = "") -> None:
    """Install the wheel that `build` made, and nothing else."""
    wheels = list(DIST.glob("*.whl"))
    if not wheels:
        session.error("there is no wheel: nox -s build makes one, and then comes here")
    session.install("-q", f"vantage6-sdk[{extra}] @ {wheels[0].as_uri()}")
    with session.chdir(DIST):  # where nothing of the sources can be imported
        script = str(HERE / "release" / "extras.py")
        session.run("python", "-W", "error", "-I", script, *filter(None, [extra]))


@nox.session(python=PYTHONS, reuse_venv=False)
def installed(session: nox.Session) -> None:
    """Import all of the wheel without extras, on each Python."""
    install_wheel(session)


@nox.session(reuse_venv=False)
@nox.parametrize("name", EXTRAS, ids=EXTRAS)
def extra(session: nox.Session, name: str) -> None:
    """Show what one extra gives, and that the others are said to be missing."""
    install_wheel(session, name)
