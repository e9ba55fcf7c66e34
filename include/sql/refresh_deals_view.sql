-- Gives megaplan.deals its columns for the custom fields known now.
SELECT megaplan_sync.refresh_deals_view()
