"""Compares the settings for a cluster (values*.yaml) with those of the hub on one machine."""

import os
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

import yaml
from traitlets.config import Config, PyFileConfigLoader

FOLDER = Path(__file__).resolve().parent
COURSE = "/srv/cs231n"


def values(*names: str) -> dict:
    """Files of values, merged as Helm merges them: mappings key by key, anything else replaced."""

    def merge(old, new):
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return new
        return old | {key: merge(old.get(key), value) for key, value in new.items()}

    merged = {}
    for name in names:
        merged = merge(merged, yaml.safe_load((FOLDER / name).read_text()))
    return merged


def hub(**environment: str) -> Config:
    """The hub's configuration on one machine. Its authenticator is not needed for that, and not installed here."""
    native = types.ModuleType("nativeauthenticator")
    native.__path__ = ["/native"]
    with mock.patch.dict(os.environ, environment | {"CS231N_ADMINS": "TEACHER"}), mock.patch.dict(sys.modules, {native.__name__: native}):
        return PyFileConfigLoader(str(FOLDER / "jupyterhub_config.py")).load_config()


def tag(image: str) -> str:
    return image.rpartition(":")[2]


def mounts(listed: list[dict]) -> dict[str, tuple[str, bool]]:
    """The folder of the course at each mount, and whether it is read-only."""
    return {m["mountPath"]: (m["subPath"].replace("{unescaped_username}", "NAME"), m.get("readOnly", False)) for m in listed if m["name"] == "course"}


def binds(volumes: dict) -> dict[str, tuple[str, bool]]:
    """The same of DockerSpawner's volumes."""
    found = {}
    for source, bind in volumes.items():
        if bind and source.startswith(COURSE):
            folder = source.removeprefix(COURSE + "/").replace("{raw_username}", "NAME")
            path, mode = (bind, "rw") if isinstance(bind, str) else (bind["bind"], bind["mode"])
            found[path] = (folder, mode == "ro")
    return found


class Class(unittest.TestCase):
    files, environment = ("values.yaml",), {}

    def setUp(self):
        self.values, self.hub = values(*self.files), hub(**self.environment)
        self.server, self.config = self.values["singleuser"], self.values["hub"]["config"]

    def test_accounts(self):
        self.assertEqual(self.config["JupyterHub"]["authenticator_class"], self.hub.JupyterHub.authenticator_class)
        self.assertEqual(self.config["NativeAuthenticator"], dict(self.hub.NativeAuthenticator))
        self.assertEqual(self.config["Authenticator"] | {"admin_users": {"TEACHER"}}, dict(self.hub.Authenticator))
        self.assertEqual(self.config["Authenticator"]["admin_users"], ["TEACHER"])

    def test_rights(self):
        docker, kube = self.hub.DockerSpawner.extra_host_config, self.config["KubeSpawner"]["container_security_context"]
        self.assertEqual(kube, {"capabilities": {"drop": docker["cap_drop"]}, "readOnlyRootFilesystem": docker["read_only"]})
        self.assertEqual(docker["security_opt"], ["no-new-privileges"])
        self.assertIs(self.server["allowPrivilegeEscalation"], False)

    def test_time_to_stop(self):
        """KubeSpawner's own default would kill a training cell after a second."""
        seconds = self.hub.DockerSpawner.extra_create_kwargs["stop_timeout"]
        self.assertEqual(self.config["KubeSpawner"]["delete_grace_period"], seconds)
        self.assertEqual(self.server["extraPodConfig"]["terminationGracePeriodSeconds"], seconds)

    def test_server(self):
        docker = self.hub.DockerSpawner
        self.assertEqual(self.server["image"]["tag"], tag(docker.image))
        self.assertEqual(self.server["memory"]["limit"], docker.mem_limit)
        self.assertEqual(self.server["cpu"]["limit"], docker.cpu_limit)
        self.assertIsNone(self.server["cmd"], "start.sh is the command")
        storage = self.server["storage"]
        self.assertEqual(storage["homeMountPath"], docker.volumes["cs231n-home-{username}"])
        data = docker.volumes["cs231n-data"]
        self.assertIn({"name": "data", "mountPath": data["bind"], "readOnly": data["mode"] == "ro"}, storage["extraVolumeMounts"])
        writable = {m["mountPath"] for m in storage["extraVolumeMounts"] if m["name"] in ("scratch", "exchange")}
        self.assertEqual(writable, set(docker.extra_host_config["tmpfs"]))
        self.assertLessEqual({m["name"] for m in storage["extraVolumeMounts"]}, {v["name"] for v in storage["extraVolumes"]})

    def test_idle_servers(self):
        culler = self.hub.JupyterHub.services[0]["command"]
        cull = self.values["cull"]
        self.assertEqual([f"--timeout={cull['timeout']}", f"--cull-every={cull['every']}"], culler[-2:])


class Course(Class):
    files, environment = ("values.yaml", "values-course.yaml"), {"CS231N_COURSE": COURSE}

    def test_students(self):
        self.assertEqual(self.server["defaultUrl"], self.hub.Spawner.default_url)
        self.assertEqual(self.server["extraEnv"], self.hub.Spawner.environment)
        self.assertEqual(mounts(self.server["storage"]["extraVolumeMounts"]), binds(self.hub.DockerSpawner.volumes))

    def test_graders(self):
        for groups in self.config["JupyterHub"]["load_groups"], self.hub.JupyterHub.load_groups:
            self.assertEqual(groups, {"graders": {"users": ["TEACHER"]}})
        kube = self.config["KubeSpawner"]["group_overrides"]["graders"]
        docker = self.hub.Spawner.group_overrides["graders"]
        self.assertEqual(kube["groups"], docker["groups"])
        kube, docker = kube["spawner_override"], docker["spawner_override"]
        self.assertEqual(tag(kube["image"]), tag(docker["image"]))
        self.assertEqual(kube["environment"], docker["environment"])
        self.assertEqual(mounts(kube["volume_mounts"]), binds(docker["volumes"]))

    def test_users(self):
        """Students run as another user than the graders, and share no group with them, so they cannot list the feedback."""
        grader = self.config["KubeSpawner"]["group_overrides"]["graders"]["spawner_override"]["uid"]
        self.assertNotEqual(self.server["uid"], grader)
        self.assertIsNone(self.server["fsGid"])
        exchange = self.server["initContainers"][0]
        self.assertIn(f"install -d -o {self.server['uid']} -g {grader} -m 770 /home/student", exchange["command"][2])
        self.assertIn({"name": "volume-{user_server}", "mountPath": "/home/student"}, exchange["volumeMounts"])


if __name__ == "__main__":
    unittest.main()
