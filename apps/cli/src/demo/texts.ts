import type { Words } from './words';

/**
 * What is said in the demo, all of it invented. `{product}`, `{city}` and `{day}` are filled in; sentences with a
 * product must be right for one thing and for several.
 */

/** Something that people ask, and what they are answered. */
export interface Topic {
  readonly subject: string;
  readonly question: string;
  readonly answer: string;
}

const topic = (subject: string, question: string, answer: string): Topic => ({ subject, question, answer });

export const TOPICS: readonly [Topic, ...Topic[]] = [
  topic(
    'Back in stock?',
    'Hello, when will you have the {product} again? The shop page says sold out.',
    'Thank you for writing. We expect the {product} on {day}, and have put one order aside for you.',
  ),
  topic(
    'New address',
    'Can I change the address of my order? We are moving to {city} next week.',
    'Done: your order goes to the new address. You will hear from the courier the day before.',
  ),
  topic(
    'Invoice',
    'Could you send me the invoice of my last order again, please? I need it by {day}.',
    'The invoice is attached. Have a good week!',
  ),
  topic(
    'Gift wrapping',
    'Do you gift wrap the {product}? It is for a birthday on {day}.',
    'We wrap gladly. There is a small card with it: just tell us what to write.',
  ),
  topic(
    'Charged twice?',
    'I was charged twice, I think. Could somebody have a look?',
    'You were right, and the second payment is on its way back to you. Sorry for the fright.',
  ),
  topic(
    'Care',
    'I lost the leaflet that came with the {product}. How do I look after such things?',
    'By hand, never in the machine, and dry at once. A new leaflet is attached.',
  ),
  topic(
    'Voucher',
    'My voucher is refused at the checkout, with the {product} in the basket.',
    'It had run out on {day}. We have made you a new one, good for three months.',
  ),
  topic(
    'Delivery on a weekday',
    'Nobody is at home this week. Could the parcel come on {day}?',
    'It comes on {day}, between ten and two. The courier has your number.',
  ),
  topic(
    'Store in {city}',
    'Is there a store near {city} where I could see the {product}?',
    'Not yet, but our van is at the {city} market on the first {day} of the month.',
  ),
  topic(
    'Return',
    'I would like to send the {product} back, nothing is wrong, it is just not for us.',
    'Of course. The label is attached; the money is back within three days of the parcel.',
  ),
  topic(
    'Colour',
    'On the photograph the {product} could be grey or green. Which is it?',
    'Green, a dark one, more so by daylight. A photograph from our store is attached.',
  ),
  topic(
    'Spare part',
    'After two years of every day something came loose on the {product}. Are there spare parts?',
    'There are, and this one costs nothing. It is in the post by {day}.',
  ),
  topic(
    'Newsletter',
    'I get every newsletter twice, once in capitals. One is enough!',
    'You were on our list with two spellings. From {day} there is only one.',
  ),
  topic(
    'Tracking',
    'The link to follow my parcel only says “not found”. Has it left?',
    'It left this morning, the courier is slow to tell. It should be with you on {day}.',
  ),
  topic(
    'For a wedding',
    'Twelve of us want to give the {product} together. Can each pay a part?',
    'With pleasure. We have opened a list in your name; the link is good until {day} week.',
  ),
  topic(
    'Pick up in store',
    'Can I collect the {product} instead, on {day} after work?',
    'You can, until seven. Please bring the order number; parking is behind the house.',
  ),
  topic(
    'Password',
    'I can’t get into my account, and the mail to set a new password does not come.',
    'It went to an address with a typing error in it. Corrected, and sent again just now.',
  ),
  topic(
    'Trade price',
    'We run a small café in {city}. From how many pieces is the {product} cheaper?',
    'From ten pieces it is twelve per cent less. An offer is attached.',
  ),
];

export const CALLS: Words = [
  'Asked about opening hours of the Harbour Street store.',
  'Wanted to know whether the order had left the warehouse. It had.',
  'Needs the delivery on a {day}; moved.',
  'Asked for advice about the {product}, then ordered while on the line.',
  'Called to thank the packing team for the note in the parcel.',
  'Asked whether we deliver to a farm outside {city}. We do, {day}s only.',
  'Payment was refused twice; the bank had blocked it. Worked in the end.',
  'Wants to hear when the {product} can be had in green.',
  'Did not know the name of the thing; it was the {product}. Ordered two.',
  'Asked whether the gift card still has anything on it. Eleven pounds.',
  'Parcel was left with the wrong neighbour; found it while we talked.',
];

export const VISITS: Words = [
  'Looked at the {product}, took a catalogue home.',
  'Picked up a reserved order at the counter.',
  'Came to the sharpening morning with three knives.',
  'Exchanged a present, no receipt; found the order by name.',
];

export const MEETINGS: Words = [
  'Planned a kitchen together, an hour at the store.',
  'Wedding list: went through the shelves with both of them.',
];

export const POSTS: Words = [
  'Look what came today! The {product} looks wonderful. #hearthandharbour',
  'Sunday in {city}, and the {product} on the table. #hearthandharbour',
  'Third parcel this year, still love the string instead of tape. #hearthandharbour',
];

export const NOTES: Words = [
  'A neighbour handed in a parcel for this customer.',
  'Left a scarf at the till; kept until {day}.',
];

/** What goes wrong with an order, what is said to make up for it, and why money is paid back. */
export interface Trouble {
  readonly said: string;
  readonly apology: string;
  readonly reason: string;
}

const trouble = (said: string, apology: string, reason: string): Trouble => ({ said, apology, reason });

export const TROUBLES: readonly [Trouble, ...Trouble[]] = [
  trouble(
    'The {product} arrived broken, the box was open on one side.',
    'We are sorry. A new parcel with the {product} leaves today by express; keep the old one.',
    'broken on arrival',
  ),
  trouble(
    'My parcel is a week late and the tracking page still says tomorrow.',
    'That should not have happened. The courier has been told, and the postage is on us.',
    'late, no longer needed',
  ),
  trouble(
    'You sent the wrong parcel: I ordered the {product} and got somebody else’s candles.',
    'Please accept our apologies: what you ordered is on its way, and the candles are yours.',
    'wrong item',
  ),
  trouble(
    'There is a scratch right across the {product}. That was meant to be a present.',
    'We are sorry, and it is {day} at the latest that you have a flawless one.',
    'scratched',
  ),
  trouble(
    'Half of my order is missing, and on the phone I waited twenty minutes for nobody.',
    'The rest left the warehouse this morning. We have two more people on the phones from {day}.',
    'incomplete',
  ),
];

export const STILL_WAITING: Words = [
  'I am still waiting. Is anybody reading this?',
  'It is {day} now, and nothing has come.',
  'This is the second time that I write about the {product}.',
];
export const SECOND_REPLIES: Words = [
  'You are right to be cross. Your case is on my desk now, and I will call you on {day}.',
  'We have lost sight of it, and that is our fault. The money is on its way back.',
];
export const PRAISE: Words = [
  'What a turnaround! The new {product} came the next day, with a note. You have a customer for life.',
  'I was cross, and you sorted it out in a day. Thank you, really.',
  'Lovely people on the phone. Please tell them so.',
  'Answered within hours, solved by {day}. I wish everybody worked like that.',
];
export const GRUMBLES: Words = [
  'Nobody felt responsible.',
  'Nice shop, but it takes days until somebody answers.',
  'I had to explain it three times.',
];
export const SUGGESTIONS: Words = [
  'I would love the {product} in a smaller size, for one person.',
  'Please use less paper in the parcels.',
  'An evening opening in December would help those of us who work.',
  'A market day in {city} would be welcome.',
];
