-- The views for people, to be made anew. Whatever others have built on them stops this: nothing is dropped then.
DROP VIEW IF EXISTS megaplan.deals, megaplan.contacts, megaplan.deal_positions, megaplan.employees,
  megaplan.pipeline_stages
