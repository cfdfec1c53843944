"""What is deployed: the files can be read, name what there is, and the image's commands run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.ports import free_port
from tests.support.stack import PATIENCE, until
from webapp.core.config import SECRET_NAMES, Settings

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
OURS = {"web", "worker", "migrate"}
# Read by Python and Flask, or by who starts the container.
NOT_OURS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "FLASK_APP"}
OURS_IN_IMAGE = {"wsgi.py", "webapp", "templates", "static", "migrations", "docs"}
NOBODY = 65534
SETPRIV = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def known_names() -> set[str]:
    names = {name.upper() for name in Settings.model_fields}
    return names | {f"{name}_FILE" for name in SECRET_NAMES}


def instructions() -> list[tuple[str, str]]:
    """The image's instructions by name, lines put together."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line)
    ]


def last(name: str) -> str:
    return [rest for found, rest in instructions() if found == name][-1]


def image_environment() -> dict[str, str]:
    given = " ".join(rest for name, rest in instructions() if name == "ENV")
    return dict(part.split("=", 1) for part in shlex.split(given))


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def documents() -> list[dict[str, Any]]:
    return [each for path in KUBERNETES for each in yaml.safe_load_all(path.read_text())]


def workloads() -> dict[str, dict[str, Any]]:
    """The pods' specifications by name."""
    kinds = ("Deployment", "Job")
    found = [each for each in documents() if each["kind"] in kinds]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in found}


def test_the_image_names_only_settings_that_there_are() -> None:
    assert set(image_environment()) - NOT_OURS <= known_names()


def test_the_image_runs_as_a_user_without_rights_and_holds_what_it_copies() -> None:
    assert last("USER") == "10001:10001"
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_what_is_left_out_of_the_image_is_not_copied_into_it() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert "*" in lines
    assert let_in == copied


def test_compose_names_only_settings_and_secrets_that_there_are() -> None:
    read = compose()
    assert {"database", "nginx", *OURS} == set(read["services"])
    for name in OURS:
        service = read["services"][name]
        assert set(service["environment"]) <= known_names()
        assert set(service["secrets"]) <= set(read["secrets"])
        files = [v for k, v in service["environment"].items() if k.endswith("_FILE")]
        assert {Path(file).name for file in files} == set(service["secrets"])


def test_compose_gives_our_containers_no_rights_and_a_root_that_is_read_only() -> None:
    for name in OURS:
        service = compose()["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert any(mount.startswith("/data") for mount in service["tmpfs"])


def test_migrations_come_before_web_and_worker() -> None:
    for name in ("web", "worker"):
        needed = compose()["services"][name]["depends_on"]["migrate"]
        assert needed == {"condition": "service_completed_successfully"}


def test_kubernetes_names_only_settings_that_there_are() -> None:
    (settings,) = [each for each in documents() if each["kind"] == "ConfigMap"]
    (secret,) = [each for each in documents() if each["kind"] == "Secret"]
    assert set(settings["data"]) <= known_names()
    assert set(secret["stringData"]) <= set(SECRET_NAMES)
    for name, pod in workloads().items():
        for variable in pod["containers"][0]["env"]:
            assert variable["name"] in known_names(), name
            assert Path(variable["value"]).name in secret["stringData"], name


def test_every_place_says_its_names_and_the_one_proxy_in_front() -> None:
    (settings,) = [each for each in documents() if each["kind"] == "ConfigMap"]
    for given in (settings["data"], *(compose()["services"][n]["environment"] for n in OURS)):
        assert given["TRUSTED_PROXIES"] == "1"
        assert given["ALLOWED_HOSTS"]
        assert given["BASE_URL"].startswith("https://")
        assert given["SECURE_COOKIES"] == "true"
    nginx = (ROOT / "deploy" / "nginx" / "flightdeck.conf").read_text()
    sent = dict(re.findall(r"proxy_set_header (\S+) +(\S+);", nginx))
    # One address, that of whoever asks nginx; and the scheme that it was asked by.
    assert (sent["X-Forwarded-For"], sent["X-Forwarded-Proto"]) == ("$remote_addr", "https")
    assert sent["Host"] == "$host"


def test_pods_run_without_rights_on_a_root_that_is_read_only() -> None:
    assert set(workloads()) == OURS
    for name, pod in workloads().items():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}, name


def test_every_place_starts_the_same_commands() -> None:
    commands = {name: pod["containers"][0]["command"] for name, pod in workloads().items()}
    services = compose()["services"]
    assert commands["web"] == json.loads(last("CMD"))
    assert commands["worker"] == services["worker"]["command"]
    assert commands["migrate"] == services["migrate"]["command"]


def test_selectors_find_the_pods_they_are_meant_for() -> None:
    for each in documents():
        if each["kind"] in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
            spec = each["spec"]
            selector = spec.get("selector") or spec.get("podSelector") or {}
            wanted = selector.get("matchLabels", selector)
            assert not wanted or wanted["app"] == "flightdeck"
            assert wanted.get("part", "web") in OURS


def test_kustomize_lists_every_file() -> None:
    (whole,) = [each for each in documents() if each["kind"] == "Kustomization"]
    assert sorted([*whole["resources"], "kustomization.yaml"]) == [p.name for p in KUBERNETES]


def test_the_worker_has_the_time_to_see_a_call_through() -> None:
    assert workloads()["worker"]["terminationGracePeriodSeconds"] >= 45
    assert compose()["services"]["worker"]["stop_grace_period"] == "45s"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's /app: what is copied into it, and nothing that may be written to."""
    base = tmp_path_factory.mktemp("image")
    folder = base / "app"
    folder.mkdir()
    for name, rest in instructions():
        if name == "COPY" and rest.split()[-1].startswith("./") and "requirements" not in rest:
            source = rest.split()[0]
            if (ROOT / source).is_dir():
                left_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, folder / source, ignore=left_out)
            else:
                shutil.copyfile(ROOT / source, folder / source)
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "wsgi.py", "webapp", "migrations"],
        cwd=folder,
        check=True,
    )
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    let_in(base)
    return folder


def let_in(folder: Path) -> None:
    """Nobody may pass through to this folder, whose parents pytest keeps to itself."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.geteuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o011)


def weakened() -> tuple[list[str], dict[str, Any]]:
    """How a command is started with few rights: words before it, and an account.

    As nobody; where nobody may not read our Python, as root who is held to what files allow.
    """
    account: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    if os.geteuid() != 0:
        return [], {}
    try:
        subprocess.run([sys.executable, "-c", "import flask"], check=True, **account)
    except (OSError, subprocess.CalledProcessError):
        return (SETPRIV if shutil.which(SETPRIV[0]) else []), {}
    return [], account


class Container:
    """Runs the image's commands in a clean environment and with few rights."""

    def __init__(self, image: Path, data: Path) -> None:
        self.image, self.data = image, data
        data.mkdir()
        (data / "tmp").mkdir()
        self.prefix, self.account = weakened()
        if self.account:
            for folder in (data, data / "tmp"):
                os.chown(folder, NOBODY, NOBODY)
        self.port = free_port()
        programs = Path(sys.executable).parent
        self.environment = image_environment() | {
            "PATH": f"{programs}:/usr/bin:/bin",
            "INSTANCE_DIR": str(data),
            "BIND_ADDRESS": "127.0.0.1",
            "PORT": str(self.port),
            "TMPDIR": str(data / "tmp"),
            "HOME": str(data),
            "WEB_WORKERS": "1",
        }

    def run(self, command: list[str]) -> int:
        return subprocess.run(
            [*self.prefix, *command],
            cwd=self.image,
            env=self.environment,
            timeout=4 * PATIENCE,
            check=False,
            **self.account,
        ).returncode

    @contextmanager
    def running(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [*self.prefix, *command], cwd=self.image, env=self.environment, **self.account
        )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0

    def answers(self, path: str) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE).ok
        except requests.RequestException:
            return False


def test_the_images_commands_run_from_a_clean_folder_as_nobody(image: Path, tmp_path: Path) -> None:
    container = Container(image, tmp_path / "data")
    let_in(tmp_path)
    web, worker = json.loads(last("CMD")), compose()["services"]["worker"]
    probe = json.loads(last("HEALTHCHECK").partition("CMD ")[2])

    assert container.run(compose()["services"]["migrate"]["command"]) == 0
    assert container.run(probe) != 0
    assert container.run(worker["healthcheck"]["test"][1:]) == 1
    with container.running(web), container.running(worker["command"]):
        until(lambda: container.answers("/health"), "the web process answers")
        assert container.answers("/health/ready?parts=database,migrations")
        assert container.answers("/api/docs/first-script")
        until(lambda: container.answers("/health/ready"), "every part does its own")
        # Each has a limit of its own, shorter than a machine may stand still, and is asked again.
        until(lambda: container.run(probe) == 0, "the web process is well")
        asked = worker["healthcheck"]["test"][1:]
        until(lambda: container.run(asked) == 0, "the worker is well")
    written = {path.relative_to(image).parts[0] for path in image.rglob("*")}
    assert written == {*OURS_IN_IMAGE, "__pycache__"}
    assert not list((tmp_path / "data").rglob("*.log"))
