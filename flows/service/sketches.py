"""A fixture to begin with: what a node reads, filled in by the schemas of the reports it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from agents.contract.manifest import Manifest
from agents.contract.schema import Report
from flows.definition.definition import Definition
from flows.definition.draft import BUILT_IN_PARAMS
from flows.definition.schema import Node, Param
from flows.service.examples import Path, example
from flows.service.fixtures import reads

_EMPTY: Mapping[str, JsonValue] = {"string": "text", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}


def sketch(definition: Definition, node: Node, manifests: Mapping[str, Manifest]) -> dict[str, JsonValue]:
    """A fixture with what `node` reads, filled in by the schemas: it is valid as it is, and made to be changed."""
    return dict(_Sketch(definition, node, manifests).entries())


@dataclass(frozen=True)
class _Sketch:
    definition: Definition
    node: Node
    manifests: Mapping[str, Manifest]

    def entries(self) -> Iterator[tuple[str, JsonValue]]:
        """Entries of the nodes in the workflow's order, then `params`."""
        paths = reads(self.node)
        for source in self.definition.workflow.all_nodes:
            if source.id in self.definition.graph.dependencies[self.node.id]:
                wanted = {path[2:] for path in paths if path[:2] == (source.id, "output")}
                if source.handler == self.node.id:
                    yield source.id, {"status": "failed", "error": "the reason"}
                else:
                    yield source.id, {"status": "completed", "output": self._output(self.definition, source, wanted)}
        params: dict[str, JsonValue] = {}
        for name, param in self.definition.workflow.params.items():
            if name not in BUILT_IN_PARAMS and ("params", name) in {path[:2] for path in paths}:
                params[name] = _value(param)
        yield "params", params

    def _output(self, definition: Definition, source: Node, wanted: set[Path]) -> JsonValue:
        if source.for_each is not None:
            return [self._report(definition, source, {path[1:] for path in wanted})]
        return self._report(definition, source, wanted)

    def _report(self, definition: Definition, source: Node, wanted: set[Path]) -> JsonValue:
        if source.workflow is None:
            schema = self.manifests[source.agent or ""].report.model_json_schema(mode="serialization")
            return example(schema, wanted)
        sub = definition.subs[source.workflow]
        common = example(Report.model_json_schema(mode="serialization"), {path for path in wanted if path[:1] != ("nodes",)})
        nodes: dict[str, JsonValue] = {
            one.id: self._output(sub, one, {path[2:] for path in wanted if path[:2] == ("nodes", one.id)})
            for one in sub.workflow.all_nodes
            if any(path[:2] == ("nodes", one.id) for path in wanted)
        }
        return {**(common if isinstance(common, dict) else {}), **({"nodes": nodes} if nodes else {})}


def _value(param: Param) -> JsonValue:
    if param.default is not None:
        return param.default
    return param.enum[0] if param.enum else _EMPTY[param.type.value]
