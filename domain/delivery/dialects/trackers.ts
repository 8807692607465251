// Dialects of trackers, which affiliates run themselves: the macros of the postbacks that a tracker
// sends, and the parameters of the URL at which a tracker receives postbacks (`parameters`).
// Trackers hand out that URL with REPLACE and OPTIONAL in it. `sources` are the pages that document
// both.
//
// The external id of a tracker is the click id of the traffic source that sent the visitor. That id
// travels in a sub of the link, and so does the click id of the tracker itself.
import { names, subs, words, type Dialect } from './dialect.ts';

/** Statuses of Keitaro by Postrider status, as the argument of `:map`. */
const LEAD_SALE_REJECTED = 'pending=lead,payable=sale,paid=sale,reversed=rejected';

export const TRACKER_DIALECTS = {
  keitaro: {
    name: 'Keitaro',
    style: 'braces',
    raw: 'underscore',
    sources: [
      'https://docs.keitaro.io/en/campaigns-and-streams/s2s-postback-placeholders.html',
      'https://docs.keitaro.io/en/conversions-and-postback/postback.html',
    ],
    macros: {
      external_id: '{sub1}',
      ...subs('sub_id_', 1, 5),
      subid: '{click_id}',
      tid: '{transaction_id}',
      revenue: '{payout}',
      payout: '{payout}',
      currency: '{payout_currency}',
      status: `{status:map(${LEAD_SALE_REJECTED})}`,
    },
    without: {
      sub: [...names('sub_id_', 6, 30), ...names('extra_param_', 1, 10)],
      offer: words(
        'ad_campaign_id campaign_id campaign_name creative_id landing_id offer_id parent_campaign_id keyword stream_id destination current_domain from_file sample random',
      ),
      party: words('source traffic_source_name ts_id'),
      visitor: words(
        'browser browser_version city connection_type country device_model device_type device_brand ip is_bot is_using_proxy isp language operator os os_version referrer region search_engine user_agent visitor_code',
      ),
      click: words('cost profit date'),
    },
    parameters: {
      subid: '{sub1}',
      tid: '{transaction_id}',
      payout: '{payout}',
      revenue: '{payout}',
      currency: '{payout_currency}',
      status: `{status:map(${LEAD_SALE_REJECTED})}`,
    },
  },
  binom: {
    name: 'Binom',
    style: 'braces',
    sources: ['https://docs.binom.org/conv-to-source-v2.php', 'https://docs.binom.org/postback-url.php'],
    macros: {
      externalid: '{sub1}',
      external_id: '{sub1}',
      ...subs('t', 1, 5),
      clickid: '{click_id}',
      payout: '{payout}',
      cnv_status: '{status}',
      cnv_status2: '{event}',
      cnv_currency: '{payout_currency}',
    },
    without: {
      sub: names('t', 6, 30),
      offer: words('campaign campaign_id campaign_key campaign_name path_name rule_name lander domain'),
      party: words('trafficsource trafficsource_name affiliate_network_id affiliate_network_name user_id'),
      visitor: words(
        'browser_name browser_version city continent continent_code country country_code device_brand device_model device_name ip isp language os_name os_version referer resolution user_agent',
      ),
      click: words('clickcost date time htime'),
    },
    parameters: {
      cnv_id: '{sub1}',
      payout: '{payout}',
      cnv_status: '{status}',
      cnv_status2: '{event}',
      cnv_currency: '{payout_currency}',
    },
  },
  voluum: {
    name: 'Voluum',
    style: 'braces',
    raw: 'function',
    sources: [
      'https://doc.voluum.com/en/traffic_source_postback_url.html',
      'https://doc.voluum.com/en/token-functions.html',
      'https://doc.voluum.com/en/tracking_conversions_postback.html',
    ],
    macros: {
      externalid: '{sub1}',
      ...subs('var', 1, 5),
      clickid: '{click_id}',
      payout: '{payout}',
    },
    without: {
      sub: names('var', 6, 20),
      offer: words('campaign.id campaign.name lander.id lander.name offer.id offer.name trackingdomain'),
      party: words('trafficsource.id trafficsource.name'),
      visitor: words(
        'device brand model browser browserversion os osversion country countryname countrycode city region isp useragent ip referrerdomain language carrier connection.type',
      ),
    },
    parameters: {
      cid: '{sub1}',
      payout: '{payout}',
      txid: '{transaction_id}',
      currency: '{payout_currency}',
      et: '{event}',
    },
  },
  redtrack: {
    name: 'RedTrack',
    style: 'braces',
    sources: [
      'https://help.redtrack.io/knowledgebase/kb/conversion-tracking/supported-dynamic-parameters',
      'https://redtrack.zendesk.com/hc/en-us/articles/213573065-Postbacks-and-pixels',
    ],
    macros: {
      ref_id: '{sub1}',
      ...subs('sub', 1, 5),
      clickid: '{click_id}',
      payout: '{payout}',
      sum: '{payout}',
      currency: '{payout_currency}',
      type: '{event}',
    },
    without: {
      sub: names('sub', 6, 20),
      offer: words('campaignid campaignname offerid offername landerid landername'),
      party: words('sourceid sourcename networkid networkname'),
      visitor: words('ip country region city isp device brand model browser os useragent referrer language'),
      click: words('cost cpc'),
    },
    parameters: {
      clickid: '{sub1}',
      sum: '{payout}',
      payout: '{payout}',
      currency: '{payout_currency}',
      type: '{event}',
    },
  },
} as const satisfies Record<string, Dialect>;
