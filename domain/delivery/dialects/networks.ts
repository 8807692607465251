// Dialects of affiliate networks: the macros in URLs that affiliates still have from their former
// platform. `sources` are the pages that document the macros. The lists of macros without a
// counterpart contain the likely ones and are incomplete; other names are reported as unknown.
//
// In all these dialects the click id of the affiliate travels in a sub of the link and comes back
// in that sub.
import { names, subs, words, type Dialect } from './dialect.ts';

/** Statuses of the networks by Postrider status, as the argument of `:map`. */
const APPROVED_REJECTED = 'pending=pending,payable=approved,paid=approved,reversed=rejected';

const eventOf = (what: string) => ({
  ours: '{event}',
  note: `${what} is numbered there; here the name of the event is sent`,
});
const uniqueOf = (what: string) => ({
  ours: '{delivery_id}',
  note: `${what} differs there on every call; here it stays the same when a postback is tried again`,
});

export const NETWORK_DIALECTS = {
  everflow: {
    name: 'Everflow',
    style: 'braces',
    sources: [
      'https://helpdesk.everflow.io/customer/your-guide-to-parameters-macros',
      'https://mrpostback.com/everflow/',
    ],
    macros: {
      ...subs('sub', 1, 5),
      transaction_id: '{click_id}',
      order_id: '{transaction_id}',
      conversion_id: '{event_id}',
      payout: '{payout}',
      payout_amount: '{payout}',
      sale_amount: '{amount}',
      currency: '{payout_currency}',
      event_name: '{event}',
      event_id: eventOf('an event'),
      affiliate_id: '{affiliate_id}',
      timestamp: '{occurred_at:unix}',
      random: uniqueOf('{random}'),
    },
    without: {
      sub: names('sub', 6, 10),
      advertiser: [...names('adv', 1, 10), 'adv_event_id', 'coupon_code', 'email'],
      offer: words('offer_id offer_name creative_id creative_name offer_url_id source_id'),
      party: words('affiliate_name advertiser_id advertiser_name'),
      visitor: words(
        'ip user_agent country country_code region city isp carrier language referer device_type device_brand os os_version browser idfa google_aid android_id',
      ),
      click: words('unique_click impression_tracking_id'),
    },
  },
  tune: {
    name: 'TUNE (HasOffers)',
    style: 'braces',
    sources: [
      'https://support.tune.com/hc/en-us/articles/1500008248741-Passing-Values-to-a-Partner-Conversion-URL',
      'https://support.tune.com/hc/en-us/articles/1500008230302-Partner-Sub-IDs-and-Macros',
    ],
    macros: {
      aff_sub: '{sub1}',
      ...subs('aff_sub', 2, 5),
      aff_click_id: '{sub1}',
      affiliate_click_id: '{sub1}',
      transaction_id: '{click_id}',
      conversion_id: '{event_id}',
      payout: '{payout}',
      sale_amount: '{amount}',
      currency: '{payout_currency}',
      adv_sub: {
        ours: '{transaction_id}',
        note: 'adv_sub is whatever the advertiser put there, most often its order number',
      },
      goal_name: '{event}',
      goal_id: eventOf('a goal'),
      goal_ref: eventOf('a goal'),
      status: `{status:map(${APPROVED_REJECTED})}`,
      affiliate_id: '{affiliate_id}',
      date: '{occurred_at:date}',
      time: '{occurred_at:time}',
      datetime: '{occurred_at:datetime}',
      timestamp: '{occurred_at:unix}',
      ran: uniqueOf('{ran}'),
    },
    without: {
      sub: names('aff_unique', 1, 5),
      advertiser: [...names('adv_sub', 2, 5), ...names('adv_unique', 1, 5), 'promo_code', 'user_id'],
      offer: words('offer_id offer_name offer_ref offer_url_id offer_file_id file_name source'),
      party: words('affiliate_name affiliate_ref advertiser_id advertiser_ref advertiser_name'),
      visitor: words(
        'ip session_ip country_code region city device_brand device_model device_os device_os_version device_id ios_ifa google_aid android_id unid user_agent',
      ),
      click: words('session_date session_datetime session_timestamp'),
    },
  },
  affise: {
    name: 'Affise',
    style: 'braces',
    sources: ['https://help-center.affise.com/en/articles/6483741-affiliate-postback-url-macros'],
    macros: {
      ...subs('sub', 1, 5),
      transactionid: '{transaction_id}',
      sum: '{payout}',
      currency: '{payout_currency}',
      order_sum: '{amount}',
      order_currency: '{currency}',
      goal: '{event}',
      status: {
        ours: '{status:map(pending=2,payable=1,paid=1,reversed=3)}',
        note: 'what is on hold here is sent as 2 (pending), not as 5 (hold)',
      },
      date: '{occurred_at:datetime}',
      date_only: '{occurred_at:date}',
      time: '{occurred_at:time}',
      timestamp: '{occurred_at:unix}',
      rand: uniqueOf('{rand}'),
    },
    without: {
      sub: [...names('sub', 6, 30), ...names('ext', 1, 3), 'ref_id', 'os_id', 'unid'],
      advertiser: [
        ...names('custom_field', 1, 7),
        ...names('custom_field_', 1, 7),
        'comment',
        'promo_code',
        'user_id',
      ],
      offer: words('offerid offer_name'),
      visitor: words('uagent ip city geo device_type device_id os referrer fbclid ios_idfa android_id'),
      click: ['click_date'],
    },
  },
  trackier: {
    name: 'Trackier',
    style: 'braces',
    sources: [
      'https://help.trackier.com/en/articles/8107293-publisher-tracking-link-parameters-and-postback-macros',
      'https://trackier.com/trackier-macros/',
    ],
    macros: {
      ...subs('p', 1, 5),
      click_id: '{click_id}',
      txn_id: '{transaction_id}',
      conversion_id: '{event_id}',
      payout: '{payout}',
      payout_usd: {
        ours: '{payout}',
        note: '{payout_usd} is in US dollars there; here a payout is in the currency of the deal',
      },
      currency: '{payout_currency}',
      sale_amount: '{amount}',
      goal_value: '{event}',
      goal_name: '{event}',
      goal_id: eventOf('a goal'),
      status: `{status:map(${APPROVED_REJECTED})}`,
      publisher_id: '{affiliate_id}',
    },
    without: {
      sub: [...names('p', 6, 10), 'source'],
      advertiser: names('sub', 1, 15),
      offer: words('campaign_id campaign_title campaign_name creative_name app_name'),
      party: words('publisher_name advertiser_id advertiser_name'),
      visitor: words('ip gaid idfa user_agent country city device'),
      click: ['click_time'],
    },
  },
  cake: {
    name: 'CAKE',
    style: 'hashes',
    sources: [
      'https://support.getcake.com/support/solutions/articles/5000545788',
      'https://support.getcake.com/en/support/solutions/articles/5000546096',
    ],
    macros: {
      ...subs('s', 1, 5),
      reqid: '{click_id}',
      oreqid: '{click_id}',
      tid: '{transaction_id}',
      leadid: '{event_id}',
      price: '{payout}',
      affid: '{affiliate_id}',
      utcunixtime: '{occurred_at:unix}',
      sourcetime: '{occurred_at}',
    },
    without: { offer: words('oid campid cid'), visitor: words('udid ip sourceip') },
  },
} as const satisfies Record<string, Dialect>;
