"""Airflow's form that triggers a DAG, filled as a person does: by what it shows, without its JSON editor."""

from typing import Any

from playwright.sync_api import Locator, Page


class TriggerForm:
    """The form of one DAG, opened from the DAG's page: the list of DAGs refreshes itself under a click.

    :param dag: address of the DAG's page
    """

    def __init__(self, page: Page, dag: str) -> None:
        page.goto(dag, wait_until="domcontentloaded")
        page.get_by_role("button", name="Trigger").first.click()
        self._form = page.get_by_role("dialog")
        self._form.get_by_role("button", name="Trigger", exact=True).wait_for()

    @property
    def backfill(self) -> Locator:
        """The choice that the project's DAGs do not allow."""
        return self._form.get_by_role("radio", name="Backfill")

    def fill(self, name: str, value: Any) -> None:
        """Fill the field of a parameter."""
        field = self._form.locator(f"#element_{name}")
        if isinstance(value, bool):
            switch = self._form.locator(f"[name='element_{name}']")
            if switch.is_checked() != value:
                self._form.locator(f"[id='switch:element_{name}']").click()
        elif field.get_by_role("combobox").count():
            for choice in value if isinstance(value, list) else [value]:
                field.get_by_role("combobox").press_sequentially(choice)
                field.get_by_role("combobox").press("Enter")
        else:
            self._form.locator(f"[name='element_{name}']").fill(str(value))

    def trigger(self) -> None:
        """Press the button."""
        self._form.get_by_role("button", name="Trigger", exact=True).click()
        self._form.wait_for(state="hidden")


def example_of(schema: dict[str, Any]) -> Any:
    """Return what the DAG itself gives as an example of a parameter: two of a list, the last of a few choices."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if "boolean" in types:
        return True
    if "enum" in schema:
        return schema["enum"][-1]
    examples = schema["examples"]
    return [examples[0], examples[-1]] if types[0] == "array" else examples[0]
