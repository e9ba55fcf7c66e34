"""Form of applications ("Integration")."""

from .form import constant, counted, plain_form, stored

INTEGRATION = plain_form(
    {
        "uuid": stored("uuid"),
        "identifier": stored("identifier"),
        "name": stored("name"),
        "version": stored("version", "1.0"),
        "description": stored("description", ""),
        "widgets": stored("widgets", (), refs=("IntegrationWidget",)),
        "widgetsCount": counted("widgets"),
        "subscribedStreams": stored("subscribedStreams", []),
        "subscribedStreamsCount": counted("subscribedStreams"),
        "streamUri": stored("streamUri"),
        "preferencesUri": stored("preferencesUri"),
        "pageUri": stored("pageUri"),
        "apiToken": stored("apiToken"),
        "isEnabled": stored("isEnabled", True),
        "category": stored("category", "other"),
        "type": stored("type", "all"),
        "scope": stored("scope", []),
        "menuCustomItem": stored("menuCustomItem"),
        "isWidget": stored("isWidget", False),
        "ownerAccountId": constant(None),
        "owner": stored("owner", refs=("Employee",)),
        "marketStatus": constant(None),
    }
)
