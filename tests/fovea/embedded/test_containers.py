"""The container files: what can be known of them without a Docker daemon."""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"secrets", "migrate"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stage(name: str) -> str:
    """The instructions of one build stage."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found.group(1)


def test_every_part_is_there() -> None:
    assert {"postgres", "redis", "web", "worker", "learning", "beat"} <= set(SERVICES)
    assert "pgvector" in SERVICES["postgres"]["image"]
    gpu = [name for name, service in SERVICES.items() if "gpu" in service.get("profiles", [])]
    assert gpu == ["learning-gpu"]
    served = ",".join(SERVICES[name]["command"][1] for name in ("worker", "learning")).split(",")
    assert sorted(served) == ["default", "exports", "ingest", "learning"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_lasting_services_restart_and_have_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    in_image = "HEALTHCHECK" in stage(service["build"]["target"]) if "build" in service else False
    assert in_image or service["healthcheck"]["test"]


def test_no_password_is_written_down() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|_KEY$|URL", key):
                assert key.endswith("_FILE"), f"{name}: {key}={value}"
    assert not re.search(r"://[^\s$]*:[^\s$]+@", (ROOT / "docker-compose.yml").read_text())


def test_volumes_are_named_and_secrets_seen_only_by_their_reader() -> None:
    readers: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or source == "./deploy/secrets.sh", volume
            readers.setdefault(source, set()).add(name)
    assert readers["secrets-postgres"] == {"secrets", "postgres"}
    assert readers["secrets-redis"] == {"secrets", "redis"}
    assert not readers["secrets-app"] & {"postgres", "redis"}


def test_only_the_web_is_published_and_on_loopback_unless_told() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["${FOVEA_BIND:-127.0.0.1}:${FOVEA_PORT:-8000}:8000"]}


def test_web_image_has_no_torch_and_runs_as_nobody_special() -> None:
    pinned = (ROOT / "requirements" / "base.txt").read_text()
    assert not re.search(r"^(torch|torchvision|monai|nvidia-\S+)==", pinned, re.MULTILINE)
    assert "--from=packages " in stage("web")
    assert "requirements.txt" not in stage("packages").replace("requirements/", "")
    assert re.search(r"^torch==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert "--from=packages-torch " in stage("worker")
    assert re.search(r"^USER fovea$", stage("runtime"), re.MULTILINE)
    assert "PYTHONPATH=/app/platform:/app" in stage("runtime")


def test_what_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == name or source.startswith(f"{name}/") for name in sent), source


def test_secrets_are_made_once_with_mode_600(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run(
            ["sh", ROOT / "deploy" / "secrets.sh", tmp_path],
            check=True,
            env={"PATH": "/usr/bin:/bin", "APP_UID": "0", "SERVER_UID": "0"},
        )
        return {
            str(path.relative_to(tmp_path)): path.read_text()
            for path in tmp_path.rglob("*")
            if path.is_file()
        }

    first = make()
    assert make() == first
    assert first["app/postgres_password"] == first["postgres/postgres_password"]
    assert f"requirepass {first['redis/redis_password']}\n" in first["redis/redis.conf"]
    made = {first[f"app/{name}"] for name in ("postgres_password", "redis_password", "secret_key")}
    assert len(made) == 3
    assert all(len(secret) == 64 for secret in made)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_entrypoint_makes_addresses_of_the_secrets(tmp_path: Path) -> None:
    for name, secret in (("postgres_password", "pp"), ("redis_password", "rp"), ("secret_key", "k" * 64)):
        (tmp_path / name).write_text(secret)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "celery").write_text(
        '#!/bin/sh\necho "$DATABASE_URL $CELERY_BROKER_URL $FOVEA_SECRET_KEY $*"\n'
    )
    (programs / "celery").chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "FOVEA_SECRETS": str(tmp_path)}

    said = subprocess.run(
        ["sh", ROOT / "deploy" / "entrypoint.sh", "worker", "learning", "1"],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert said.startswith(f"postgres://fovea:pp@postgres:5432/fovea redis://:rp@redis:6379/0 {'k' * 64} ")
    assert "--queues learning --concurrency 1" in said
    wrong = subprocess.run(
        ["sh", ROOT / "deploy" / "entrypoint.sh", "wbe"], env=environment, capture_output=True
    )
    assert wrong.returncode == 64


def test_docker_accepts_the_compose_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode != 0:
        pytest.skip("no docker compose on this machine")
    ran = subprocess.run([docker, "compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
