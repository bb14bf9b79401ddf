"""Sessions that check, test, measure, make and release this project; `nox --list` shows them."""

import json
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|venv"  # uv installs in seconds
nox.options.reuse_venv = "yes"
# The sessions behind the README's test line, fastest first.
nox.options.sessions = ["lint", "types", "derived", "tests", "live"]

# By generation, the services that have a contract and bindings.
SERVICES = {"4": ("server", "store"), "5": ("hq", "hq_store")}
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
HERE = Path(__file__).parent
LOCK = HERE / "generated" / "LOCK"
DIST = HERE / "dist"
EXTRAS = list(nox.project.load_toml(HERE / "pyproject.toml")["project"]["optional-dependencies"])
# Docstring examples and code blocks of the docs.
EXAMPLES = (
    "tests/docs/test_docstring_examples_live.py",
    "tests/docs/test_hq_examples_live.py",
    "tests/docs/test_pages_live.py",
)
# The site has to be built first; the session `docs` does that.
SITE = "tests/docs/test_site.py"
# Needs the packages of the group "notebook".
NOTEBOOK = "tests/unit/display/test_notebook_kernel.py"
# Lists the slowest tests at the end of a session.
SLOWEST = ("--durations=20", "--durations-min=3")


def groups(*names: str) -> tuple[str, ...]:
    """Return the requirements of some dependency groups."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *names)


def install(session: nox.Session, *names: str) -> None:
    """Install this project and the dependency groups that a session needs."""
    session.install("-q", "-e", ".", *groups(*names))


# -- checks ----------------------------------------------------------------------------------------
@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the direction of imports."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check types: all of the facade strictly, and what users see of it."""
    install(session, "lint", "test")
    session.run("pyright")
    session.run("mypy")


@nox.session
def derived(session: nox.Session) -> None:
    """Check that bindings, sync client and contracts match what they are derived from."""
    install(session, "generate")
    session.run("python", "facade/unasync.py", "--check")
    session.run("python", "openapi/build.py", "--check", *contracts())
    session.run("python", "openapi/diff.py", "--page", "--check")
    session.run("python", "openapi/generate.py", "--check", *locked_versions())


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/, strictly and offline, and check the result."""
    install(session, "docs", "test")
    # No proxy listens at this address, so every download fails.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    session.run("mkdocs", "build", env={**nowhere, "NO_MKDOCS_2_WARNING": "1"})
    session.run("pytest", "-q", SITE, *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Check all dependencies for known vulnerabilities on PyPI."""
    extras = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    checked = ("test", "coverage", "notebook", "properties", "lint", "docs", "generate", "release")
    install(session, *checked)
    session.install("-q", f".[{','.join(extras)}]", "pip", "pip-audit==2.10.1")
    freeze = ("python", "-m", "pip", "freeze", "--exclude", "vantage6-sdk")
    installed = Path(session.create_tmp(), "installed.txt")
    installed.write_text(str(session.run(*freeze, silent=True)))
    # --strict: a package that is not on PyPI is also a failure.
    session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", str(installed))


# -- tests -----------------------------------------------------------------------------------------
@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need no server."""
    install(session, "test", "notebook")
    everything = ("--numprocesses=2", *SLOWEST, f"--ignore={SITE}")
    session.run("pytest", "-m", "not live", *(session.posargs or everything))


@nox.session
def windows(session: nox.Session) -> None:
    """Run the tests of the client and `v6c` without the modules and calls that only POSIX has."""
    install(session, "test")
    session.run(
        "pytest",
        "--numprocesses=2",
        "-p",
        "tests.support.without_posix",
        "-m",
        "not live",
        "tests/unit",
        "tests/replay",
        *(f"--ignore=tests/unit/{folder}" for folder in ("localnet", "release", "testing")),
        f"--ignore={NOTEBOOK}",
        *session.posargs,
    )


@nox.session(python=PYTHONS)
def matrix(session: nox.Session) -> None:
    """Run the tests that need no server on every Python; on 3.13, measure what they cover."""
    # Python 3.12 and later measure coverage at almost no cost; a selection covers only a part.
    is_measured = session.python == "3.13" and not session.posargs
    install(session, "test", *(["coverage"] if is_measured else []))
    options = (
        "--numprocesses=2",
        "-m",
        "not live",
        "-q",
        f"--ignore={SITE}",
        f"--ignore={NOTEBOOK}",
    )
    folders = ("tests/unit", "tests/replay", "tests/docs", "tests/robustness")
    if not is_measured:
        session.run("pytest", *options, *folders, *session.posargs)
        return
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *options, *folders)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session
def live(session: nox.Session) -> None:
    """Run the tests against a real server and real nodes on this machine."""
    install(session, "test", "properties", "notebook")
    # Separate sessions run these, in parallel in the gate.
    separate = ("docs", "security", "robustness", "contract/typescript")
    others = [f"--ignore=tests/{folder}" for folder in separate]
    chosen = (*SLOWEST, "-m", "live and not slow", *others, *session.posargs)
    # Tests mostly wait, so run more than there are processors; each worker has its own networks.
    # By file, since the tests of a file share its networks and what they have seen.
    session.run("pytest", "--numprocesses=3", "--dist=loadfile", *chosen)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the live tests that take minutes, such as those of many organizations."""
    install(session, "test")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Run the examples in docstrings and every code block of the docs on a real network."""
    install(session, "test")
    workers = ("--numprocesses=2", "--dist=loadfile")
    session.run("pytest", *workers, *EXAMPLES, *session.posargs)


@nox.session
def secrets(session: nox.Session) -> None:
    """Search everything that is logged, printed or raised for secrets."""
    install(session, "test")
    session.run(
        "pytest", "--numprocesses=2", "-p", "no:logging", "tests/security", *session.posargs
    )


@nox.session
def faults(session: nox.Session) -> None:
    """Break each exchange in each way, and compare with docs/faults.md (`-- --write`: update)."""
    install(session, "test")
    session.run("pytest", "-q", "tests/robustness/faults", *session.posargs)


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Fuzz the decoders, 20 seconds each: `nox -s fuzz -- SECONDS TARGET` for another."""
    install(session, "test", "fuzz")
    session.run("python", "-m", "tests.robustness.fuzz", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """Send many generated requests to a real server and store, valid and invalid ones."""
    install(session, "test", "properties")
    suite = ("-s", "tests/contract/test_properties_live.py", *session.posargs)
    session.run("pytest", *suite, env={"VANTAGE6_CASES": "50"})


@nox.session
def truth(session: nox.Session) -> None:
    """Check the contracts of other versions against real services: `-- 4.10.2 4.7.1`."""
    if not session.posargs:
        session.error("name the versions to hold against their contracts: nox -s truth -- 4.10.2")
    install(session, "test")
    suites = {"4": ("live", "store_live"), "5": ("hq_live", "hq_cases_live", "hq_store_live")}
    for version in session.posargs:
        names = suites[version.partition(".")[0]]
        session.run(
            "pytest",
            *(f"tests/contract/test_truth_{name}.py" for name in names),
            env={"VANTAGE6_TRUTH": version},
        )


@nox.session
def typescript(session: nox.Session) -> None:
    """Generate types and a client in TypeScript, compile them, and call live services."""
    if not (shutil.which("node") and shutil.which("npm")):
        session.error(
            "expected 'node' and 'npm' on PATH. Install Node.js 20.19 or later with npm "
            "('apt install nodejs npm', 'brew install node')"
        )
    install(session, "test")
    source, folder = (
        HERE / "tests" / "contract" / "typescript",
        Path(session.create_tmp()).resolve(),
    )
    for name in ("types", "clients", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for file in [*source.glob("*.ts"), *source.glob("*.json")]:
        shutil.copy(file, folder)
    plugins = ("@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk")
    with session.chdir(folder):
        session.run("npm", "ci", "--engine-strict", "--no-audit", "--no-fund", external=True)
        for item in locked_versions():
            service, version = item.split("=")
            contract = str(HERE / "openapi" / service / f"{version}.json")
            npx = ("npx", "--no-install")
            types = (*npx, "openapi-typescript", contract, "--output", f"types/{service}.ts")
            client = (*npx, "openapi-ts", "--input", contract, "--output", f"clients/{service}")
            session.run(*types, external=True, silent=True)
            session.run(*client, "--plugins", *plugins, external=True, silent=True)
        session.run("npx", "--no-install", "tsc", external=True)
    environment = {"VANTAGE6_TYPESCRIPT": str(folder)}
    session.run("pytest", str(source), *session.posargs, env=environment)


@nox.session
def versions(session: nox.Session) -> None:
    """Call every method of the client on servers of several versions, or of those named.

    With version 5: what sessions, data frames and tasks need, also with 25 organizations.
    """
    install(session, "test")
    suites = [f"tests/live/{form}/test_every_method.py" for form in ("_async", "_sync")]
    suites_5 = [f"tests/live/{form}/test_hq_tasks.py" for form in ("_async", "_sync")]
    suites_5 += ["tests/live/test_both_generations.py", "tests/live/test_sessions_page.py"]
    for version in session.posargs or ("4.7.1", "4.10.2", "4.13.7", "4.15.2", "5.0.0"):
        if version.startswith("5."):
            session.run("pytest", *suites_5, env={"VANTAGE6_HQ": version})
            continue
        has_blobs = tuple(map(int, version.split(".")))[:2] >= (4, 13)
        more = ["tests/live/test_blob_store.py"] if has_blobs else []
        session.run("pytest", *suites, *more, env={"VANTAGE6_SCRIPT": version})


@nox.session
def interop(session: nox.Session) -> None:
    """Exchange messages and tasks with the official client, both ways."""
    install(session, "test")
    session.run("pytest", "tests/live/test_interop.py", *session.posargs)


# -- measuring -------------------------------------------------------------------------------------
@nox.session
def bench(session: nox.Session) -> None:
    """Write benchmarks of both clients to docs/benchmarks.md; `-- SUBJECT` selects one.

    `-- --against REVISION SUBJECT` prints those of an earlier revision beside them.
    """
    session.install("-q", "-e", ".[cli]", *groups("bench"))
    subjects, env = list(session.posargs), {}
    if "--against" in subjects:
        place = subjects.index("--against")
        _, revision = subjects[place : place + 2]
        del subjects[place : place + 2]
        folder = session.create_tmp()
        archive = Path(folder, "earlier.tar")
        session.run("git", "archive", "-o", str(archive), revision, external=True)
        shutil.unpack_archive(archive, Path(folder, "earlier"))
        # Revisions before the client framed events itself need a library for them.
        session.install("-q", "python-socketio[client]>=5.11")
        env["VANTAGE6_BENCH_EARLIER"] = str(Path(folder, "earlier"))
    session.run("python", "tests/bench", *subjects, env=env)


# -- making ----------------------------------------------------------------------------------------
def contracts() -> list[str]:
    """List all contracts as SERVICE=VERSION."""
    facts = sorted((HERE / "openapi" / "facts").glob("*/*.json"))
    return [f"{file.parent.name}={file.stem}" for file in facts]


def locked_versions() -> list[str]:
    """List the contracts that the bindings are made from, as SERVICE=VERSION."""
    paths = json.loads(LOCK.read_text())["contracts"]
    return [path.removesuffix(".json").replace("/", "=") for path in paths]


@nox.session
def contract(session: nox.Session) -> None:
    """Rebuild a version's contracts from the package index: `nox -s contract -- 5.0.3`."""
    if len(session.posargs) != 1 or session.posargs[0].split(".")[0] not in SERVICES:
        session.error("name one version of vantage6, 4 or 5: nox -s contract -- 5.0.3")
    (version,) = session.posargs
    services = SERVICES[version.split(".")[0]]
    install(session, "generate")
    module = "vantage6.localnet._environment"
    find = f"from {module} import environment_python; print(environment_python('{version}'))"
    python = session.run("python", "-c", find, silent=True, stderr=None).strip()
    for service in services:
        extract = (python, "openapi/extract.py", service)
        facts = session.run(*extract, external=True, silent=True, stderr=None)
        (HERE / "openapi" / "facts" / service / f"{version}.json").write_text(facts)
    session.run("python", "openapi/build.py", *(f"{service}={version}" for service in services))
    for service in services:
        target = f"openapi/{service}/{version}.json"
        session.run("openapi-spec-validator", target)
        # The generator is stricter than the validator: it warns of unsupported parts.
        strict = ("openapi-python-client", "generate", "--fail-on-warning", "--overwrite")
        settings = ("--meta", "none", "--config", "openapi/generator.yaml")
        with tempfile.TemporaryDirectory() as folder:
            session.run(*strict, *settings, "--path", target, "--output-path", folder)


@nox.session(name="contract-diff")
def contract_diff(session: nox.Session) -> None:
    """Show what changed between two versions: `nox -s contract-diff -- 4.15.2 5.0.3`."""
    install(session, "generate")
    session.run("python", "openapi/diff.py", *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Write generated/, or check it with --check; SERVICE=VERSION selects another version."""
    install(session, "generate")
    named = [argument for argument in session.posargs if "=" in argument]
    options = [argument for argument in session.posargs if "=" not in argument]
    versions = dict(item.split("=") for item in [*locked_versions(), *named])
    chosen = [f"{service}={version}" for service, version in versions.items()]
    session.run("python", "openapi/generate.py", *chosen, *options)


@nox.session
def unasync(session: nox.Session) -> None:
    """Derive the sync client and its tests from the async ones; `-- --check` only compares."""
    install(session, "lint")
    session.run("python", "facade/unasync.py", *session.posargs)


@nox.session
def requirements(session: nox.Session) -> None:
    """Pin the newest packages for the local network's environments, with hashes."""
    session.install("-q", "-e", ".", "packaging>=24", "tomli>=2; python_version < '3.11'")
    session.run("python", "release/requirements.py")


@nox.session
def record(session: nox.Session) -> None:
    """Record all cassettes again, from networks that the session starts."""
    install(session, "test")
    session.run("pytest", "tests/replay/_async", "--record-mode=rewrite", *session.posargs)
    session.run("pytest", "tests/replay")


# -- releasing -------------------------------------------------------------------------------------
@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist, check them, and install them into empty environments."""
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
    """Set the next version, in the code and in the changelog: `-- 0.2.0`."""
    session.install("-q", "packaging>=24")
    session.run("python", "release/bump.py", *session.posargs)


def install_wheel(session: nox.Session, extra: str = "") -> None:
    """Install the wheel that `build` made, and nothing else."""
    wheels = list(DIST.glob("*.whl"))
    if not wheels:
        session.error("there is no wheel: run nox -s build, which also runs this session")
    session.install("-q", f"vantage6-sdk[{extra}] @ {wheels[0].as_uri()}")
    with session.chdir(DIST):  # so that nothing is imported from the sources
        script = str(HERE / "release" / "extras.py")
        session.run("python", "-W", "error", "-I", script, *filter(None, [extra]))


@nox.session(python=PYTHONS, reuse_venv=False)
def installed(session: nox.Session) -> None:
    """Import every module of the wheel without extras, on each Python."""
    install_wheel(session)


@nox.session(reuse_venv=False)
@nox.parametrize("name", EXTRAS, ids=EXTRAS)
def extra(session: nox.Session, name: str) -> None:
    """Check what one extra adds, and that the others are reported as missing."""
    install_wheel(session, name)
