from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "fovea.datasets"
    label = "datasets"

    def ready(self) -> None:
        """Tell the permission check how roles in projects and datasets are found."""
        from fovea.accounts.access import register_scope
        from fovea.datasets.selectors.roles import dataset_roles, project_roles

        register_scope("project", project_roles)
        register_scope("dataset", dataset_roles)
