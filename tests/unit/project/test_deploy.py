"""What `deploy/` says is what the product has: files, commands, variables, ports; and nothing runs as root."""

import functools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import typer
import yaml
from typer.exceptions import TyperException

from orchestration.cli import app
from orchestration.instance import POSTGRES_VARIABLE
from orchestration.project import PROJECT_DIR
from tests.support.chart import RELEASE, rendered

DEPLOY = PROJECT_DIR / "deploy"
CHART = DEPLOY / "helm" / "scorehouse"
CONTAINERFILE = DEPLOY / "Containerfile"
KUBERNETES = "1.37"
BIN = Path(sys.executable).parent
# Of the image's parts: where the product is, and what is in its base.
HOME = "/srv/scorehouse"
OF_THE_BASE = {"sh", "python"}
WORKLOADS = ("StatefulSet", "Deployment")


def variables_of_the_product() -> set[str]:
    """Names that the code reads."""
    code = [
        file
        for package in ("ingestion", "orchestration", "reports")
        for file in (PROJECT_DIR / package).rglob("*.py")
    ]
    return {
        name for file in code for name in re.findall(r'"(SCOREHOUSE_[A-Z_]+)"', file.read_text())
    }


# Containers -----------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for line in lines for name, rest in [line.split(" ", 1)]]


def test_the_linter_of_container_files_finds_nothing() -> None:
    linted = subprocess.run(
        [BIN / "hadolint", CONTAINERFILE], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_is_made_of_files_that_there_are_and_of_no_others() -> None:
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert all((PROJECT_DIR / source).exists() for source in copied)
    ignore = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    inputs = {"Makefile", "requirements", *dbt_folders()}
    assert inputs <= copied <= {line.split("/")[0] for line in tracked.stdout.splitlines()}


def dbt_folders() -> set[str]:
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
    return {path.split("/")[0] for name in ("model-paths", "seed-paths") for path in project[name]}


def test_the_image_has_the_locked_set_and_a_python_that_it_was_locked_for() -> None:
    steps = instructions()
    assert steps.index(("ARG", "SETUP=setup")) < steps.index(("RUN", 'make "${SETUP}"'))
    bases = [rest for name, rest in steps if name == "ARG" and rest.startswith("BASE=")]
    version = re.fullmatch(r"BASE=python:(\d+)\.(\d+)\.\d+-slim-\w+", bases[0])
    assert version, "a base without its full version is another one tomorrow"
    # `make lock` resolves for this version and newer ones.
    assert f"--python-version {version[1]}.{version[2]} " in (PROJECT_DIR / "Makefile").read_text()
    used = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert used == ["${BASE}", "${BASE}"]


def test_the_image_can_have_what_object_storage_needs() -> None:
    [offered] = re.findall(r"--build-arg SETUP=([a-z0-9-]+)", CONTAINERFILE.read_text())
    recipe = re.search(
        rf"^{offered}: setup .*\n\t(.*)", (PROJECT_DIR / "Makefile").read_text(), re.MULTILINE
    )
    assert recipe
    assert recipe[1].endswith(
        "--require-hashes --compile-bytecode --requirement requirements/s3.txt"
    )


def test_the_image_runs_as_nobody_special_and_tells_nobody() -> None:
    last = instructions()[max(i for i, (name, _) in enumerate(instructions()) if name == "FROM") :]
    settings = dict(last)
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", settings["USER"])
    environment = dict(pair.split("=", 1) for pair in shlex.split(settings["ENV"]))
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert environment["SCOREHOUSE_HOME"] == HOME
    assert environment["DAGSTER_HOME"] == f"{HOME}/dagster"
    assert not [name for name in environment if re.search("KEY|PASSWORD|SECRET|POSTGRES", name)]
    understood(json.loads(settings["CMD"]))
    understood(json.loads(settings["HEALTHCHECK"].split("CMD ", 1)[1]), ())


# Commands -------------------------------------------------------------------------------------------------------------


def understood(arguments: list[str], program: tuple[str, ...] = ("scorehouse",)) -> None:
    """Fail unless the program of the image takes these arguments."""
    words = [*program, *arguments]
    if words[:2] == ["sh", "-c"]:
        for part in re.findall(r"\bscorehouse [^;]+", words[2]):
            understood(shlex.split(part), ())
        return
    if words[0] == "scorehouse":
        command: Any = typer.main.get_command(app)
        rest = words[1:]
        while hasattr(command, "resolve_command"):
            context = command.make_context("scorehouse", [], resilient_parsing=True)
            name, command, rest = command.resolve_command(context, rest)
            assert command is not None, name
        command.make_context("scorehouse", rest)
        return
    if words[0] in OF_THE_BASE or words[0] == "pg_isready":
        return
    assert (BIN / words[0]).exists(), words
    subcommands = [word for word in words[1:] if not word.startswith("-") and not word.isdigit()]
    options = {word for word in words if word.startswith("--")}
    helped = help_of(words[0], *subcommands)
    assert all(option in helped for option in options), (words, helped)


@functools.cache
def help_of(program: str, *subcommands: str) -> str:
    asked = [BIN / program, *subcommands, "--help"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "wrong",
    [["serve", "nobody"], ["serve", "daemon", "--pot", "1"], ["sever"]],
    ids=["role", "option", "command"],
)
def test_a_command_that_there_is_not_is_noticed(wrong: list[str]) -> None:
    with pytest.raises((TyperException, AssertionError)):
        understood(wrong)


# Compose --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def of_the_image(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose["services"].items() if "build" in one}


def test_compose_is_what_its_schema_allows(compose: dict[str, Any]) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    assert [error.message for error in validator.iter_errors(compose)] == []
    assert list(validator.iter_errors({**compose, "services": {"x": {"imge": "y"}}}))


def test_compose_names_only_what_it_has(compose: dict[str, Any]) -> None:
    volumes, networks = set(), set()
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= compose["services"].keys(), name
        networks |= set(service["networks"])
        for mount in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", mount).split(":")[0]
            if not source.startswith((".", "/")):
                volumes.add(source)
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in compose["services"][other]
    assert volumes == compose["volumes"].keys()
    assert networks == compose["networks"].keys()


def test_compose_builds_the_container_file_and_runs_it_with_no_right_too_many(
    compose: dict[str, Any],
) -> None:
    services = of_the_image(compose)
    assert services.keys() == {"code-location", "webserver", "daemon", "monitor"}
    user = dict(instructions())["USER"]
    for name, service in services.items():
        built = (DEPLOY / service["build"]["context"]).resolve()
        assert built / service["build"]["dockerfile"] == CONTAINERFILE
        assert service["image"] == image_of_this_version()
        assert (service["user"], service["read_only"]) == (user, True), name
        assert (service["cap_drop"], "privileged" in service) == (["ALL"], False)
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "mem_limit" in service
        assert "healthcheck" in service
        writable = [mount for mount in service.get("volumes", []) if f":{HOME}" in mount]
        assert (writable == ["home:/srv/scorehouse"]) == (name in ("code-location", "monitor"))
        if not writable:
            assert any(one.startswith(f"{HOME}:uid=10001,gid=10001") for one in service["tmpfs"])
    for service in compose["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "the page asks nobody for a password"


def image_of_this_version() -> str:
    version = re.search(r'^version = "(.+)"$', (PROJECT_DIR / "pyproject.toml").read_text(), re.M)
    assert version
    return f"scorehouse:{version[1]}"


def test_what_compose_runs_can_be_run(compose: dict[str, Any]) -> None:
    for name, service in of_the_image(compose).items():
        words = service.get("entrypoint", ["scorehouse"]) + service["command"]
        understood(words, ())
        check = service["healthcheck"]["test"]
        understood(["sh", "-c", *check[1:]] if check[0] == "CMD-SHELL" else check[1:], ())
        assert service["environment"].keys() <= variables_of_the_product(), name
        ports = {
            int(found) for found in re.findall(r"(?<=:)\d{4}\b|(?<=--port )\d+", " ".join(words))
        }
        assert ports <= {3000, 4000}


def test_compose_has_no_secret_and_its_example_names_every_variable(
    compose: dict[str, Any],
) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / "scorehouse.env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert asked == example.keys()
    assert example["POSTGRES_PASSWORD"] == ""
    assert ":PASSWORD@" in example[POSTGRES_VARIABLE]
    for name in ("POSTGRES_PASSWORD", POSTGRES_VARIABLE):
        assert f"${{{name}:?" in text, "without it nothing starts"


# Helm -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return [one for made in rendered(CHART).values() for one in made]


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for one in objects:
        if one["kind"] in WORKLOADS:
            yield one, one["spec"]["template"]


def containers(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            yield container["name"], container


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart.keys() >= {"apiVersion", "name", "version", "appVersion", "description"}
    assert f"scorehouse:{chart['appVersion']}" == image_of_this_version()


def test_the_charts_objects_are_what_kubernetes_takes(objects: list[dict[str, Any]]) -> None:
    for one in objects:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
    kinds = sorted((one["kind"], one["metadata"]["name"]) for one in objects)
    assert len(set(kinds)) == len(kinds)
    assert [kind for kind, _ in kinds] == [
        "ConfigMap", "Deployment", "Deployment", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy",
        "Service", "Service", "ServiceAccount", "StatefulSet",
    ]  # fmt: skip


def test_an_object_with_a_field_that_there_is_not_is_noticed(objects: list[dict[str, Any]]) -> None:
    wrong = next(one for one in objects if one["kind"] == "Service")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {**wrong, "spec": {**wrong["spec"], "port": 1}}, KUBERNETES, strict=True
        )


def test_a_template_with_a_value_or_an_action_that_there_is_not_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "values.yaml").write_text("known: a\n")
    template = tmp_path / "templates" / "one.yaml"
    for text, says in (("{{ .Values.unknown }}", "no value"), ("{{ lookup 1 }}", "not known here")):
        template.write_text(f"a: {text}\n")
        with pytest.raises(ValueError, match=says):
            rendered(tmp_path)


def test_who_is_chosen_by_labels_has_them(objects: list[dict[str, Any]]) -> None:
    labels = {w["metadata"]["name"]: pod["metadata"]["labels"] for w, pod in pods(objects)}
    for workload, pod in pods(objects):
        assert workload["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
        assert workload["metadata"]["labels"] == pod["metadata"]["labels"]
    for one in objects:
        if one["kind"] == "Service":
            assert one["spec"]["selector"] == labels[one["metadata"]["name"]]
        if one["kind"] == "NetworkPolicy":
            assert one["spec"]["podSelector"]["matchLabels"] == labels[one["metadata"]["name"]]
    assert len({tuple(sorted(one.items())) for one in labels.values()}) == len(labels)


def test_the_code_location_is_reached_by_page_and_daemon_alone(
    objects: list[dict[str, Any]],
) -> None:
    labels = {w["metadata"]["name"]: pod["metadata"]["labels"] for w, pod in pods(objects)}
    policies = {
        one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "NetworkPolicy"
    }
    assert policies.keys() == labels.keys()
    to_code = policies[f"{RELEASE}-code-location"]["ingress"][0]
    assert [one["podSelector"]["matchLabels"] for one in to_code["from"]] == [
        labels[f"{RELEASE}-webserver"],
        labels[f"{RELEASE}-daemon"],
    ]
    assert to_code["ports"] == [{"port": 4000}]
    assert policies[f"{RELEASE}-daemon"]["ingress"] == []
    assert all(rule["from"] for policy in policies.values() for rule in policy["ingress"])


def test_ports_volumes_and_secrets_that_are_named_are_there(objects: list[dict[str, Any]]) -> None:
    ports = {}
    for workload, pod in pods(objects):
        spec = pod["spec"]
        mine = {
            port["name"]: port["containerPort"]
            for container in spec["containers"]
            for port in container.get("ports", [])
        }
        ports[workload["metadata"]["name"]] = mine
        volumes = {volume["name"] for volume in spec["volumes"]}
        claims = workload["spec"].get("volumeClaimTemplates", [])
        volumes |= {claim["metadata"]["name"] for claim in claims}
        mounted = {m["name"] for c in spec["containers"] for m in c["volumeMounts"]}
        assert mounted == volumes
        for container in spec["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                way = container.get(probe, {})
                for how in ("httpGet", "tcpSocket"):
                    if how in way:
                        assert way[how]["port"] in mine
        assert spec["serviceAccountName"] in named(objects, "ServiceAccount")
    for one in objects:
        if one["kind"] == "Service":
            for port in one["spec"]["ports"]:
                assert port["targetPort"] in ports[one["metadata"]["name"]]
        if one["kind"] == "NetworkPolicy":
            open_ports = {p["port"] for rule in one["spec"]["ingress"] for p in rule["ports"]}
            assert open_ports == set(ports[one["metadata"]["name"]].values())
    workload = next(one for one in objects if one["kind"] == "StatefulSet")
    assert workload["spec"]["serviceName"] in named(objects, "Service")
    scraped = workload["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"]
    assert int(scraped) in ports[workload["metadata"]["name"]].values()


def named(objects: list[dict[str, Any]], kind: str) -> set[str]:
    return {one["metadata"]["name"] for one in objects if one["kind"] == kind}


def test_pods_run_as_nobody_special_with_a_limit_of_memory(objects: list[dict[str, Any]]) -> None:
    user = int(dict(instructions())["USER"].split(":")[0])
    for _, pod in pods(objects):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == user
        assert spec["automountServiceAccountToken"] is False
    for name, container in containers(objects):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["limits"]["memory"], name
        assert "livenessProbe" in container, name


def test_what_the_pods_run_can_be_run_with_variables_that_are_read(
    objects: list[dict[str, Any]],
) -> None:
    known = variables_of_the_product()
    for name, container in containers(objects):
        words = container.get("command", ["scorehouse"]) + container.get("args", [])
        understood(words, ())
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if "exec" in container.get(probe, {}):
                understood(container[probe]["exec"]["command"], ())
        for variable in container.get("env", []):
            assert variable["name"] in known, name
            # What is secret comes from a Secret.
            assert variable["valueFrom"]["secretKeyRef"]["key"] == "address"
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in named(objects, "ConfigMap")
    configured = next(one for one in objects if one["kind"] == "ConfigMap")["data"]
    assert configured.keys() <= known
    assert not {name for name in configured if re.search("KEY|POSTGRES|PUBLISH", name)}


def test_one_pod_writes_the_home_and_one_daemon_starts_runs(objects: list[dict[str, Any]]) -> None:
    writers = [
        workload
        for workload, pod in pods(objects)
        for claim in workload["spec"].get("volumeClaimTemplates", [])
        if claim["metadata"]["name"] == "home"
    ]
    assert [(one["kind"], one["spec"]["replicas"]) for one in writers] == [("StatefulSet", 1)]
    (daemon,) = [one for one, _ in pods(objects) if one["metadata"]["name"].endswith("-daemon")]
    assert (daemon["spec"]["replicas"], daemon["spec"]["strategy"]) == (1, {"type": "Recreate"})
    for _, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            for word in container.get("args", []):
                if word.endswith(":4000"):
                    assert word.removesuffix(":4000") in named(objects, "Service")


def test_other_values_render_as_well() -> None:
    made = rendered(CHART, {"config": {"SCOREHOUSE_LIMITS": "rows=5"}, "image": "r/s:2"})
    objects = [one for template in made.values() for one in template]
    assert {container["image"] for _, container in containers(objects)} == {"r/s:2"}
