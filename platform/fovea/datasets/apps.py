from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "fovea.datasets"
    label = "datasets"

    def ready(self) -> None:
        """Tell the permission check how roles are found, and let a change of people end what was granted."""
        from django.contrib.auth.signals import user_logged_out
        from django.db.models.signals import post_delete, post_save

        from fovea.accounts.access import register_scope
        from fovea.datasets.dicomweb.grants import grants
        from fovea.datasets.models import Membership
        from fovea.datasets.selectors import roles

        post_save.connect(grants.clear, sender=Membership, dispatch_uid="grants-after-save")
        post_delete.connect(grants.clear, sender=Membership, dispatch_uid="grants-after-delete")
        user_logged_out.connect(grants.clear, dispatch_uid="grants-after-sign-out")
        register_scope("project", roles.project_roles, roles.roles_by_project)
        register_scope("dataset", roles.dataset_roles, roles.roles_by_dataset)
