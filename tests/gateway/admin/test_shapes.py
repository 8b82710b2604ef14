"""Shapes: what the API's page tells of each is all that there is to it."""

import inspect

from gateway.admin import shapes


def test_every_shape_says_what_it_is() -> None:
    made = [each for _, each in inspect.getmembers(shapes, inspect.isclass) if issubclass(each, shapes.Shape)]
    assert len(made) >= 12
    assert all(each.__doc__ for each in made)


def test_a_shape_is_frozen_and_refuses_what_it_does_not_know() -> None:
    for each in (shapes.NewTenant, shapes.NewKey, shapes.NewCaps, shapes.TenantState):
        assert each.model_config["frozen"]
        assert each.model_config["extra"] == "forbid"
