import { wordsIn } from '../bench/generate';

/** What the demo's company is made of. All invented: no name, product or sentence is anybody's. */
type Words = readonly [string, ...string[]];

export const COMPANY = 'Hearth & Harbour';

export const FIRST_NAMES = wordsIn(
  'Ada Amir Anna Bea Ben Cara Chloé Dan Dina Eli Emma Femi Finn Gita Hana Hugo Ines Ivo Jana Jonas ' +
    'Kai Katya Lea Leo Lina Luis Mara Mei Milo Nadia Nils Nora Omar Owen Pia Priya Rafael Rosa Ruth ' +
    'Sam Sofia Tara Theo Tom Uma Vera Yusuf Zoë',
);
export const LAST_NAMES = wordsIn(
  'Abbot Ashdown Barlow Birch Calder Castell Dale Drummond Eastman Faye Fenwick Garland Hale ' +
    'Harrow Iqbal Jessop Kaur Keller Lindqvist Lowe Marchetti Moreau Nakata Norris Okoye Osborne ' +
    'Pellar Quill Rahman Reyes Sato Silva Stone Thorne Underhill Vance Weir Winter Yates Zeller',
);
export const CITIES: Words = [
  'Bristol',
  'Cardiff',
  'Glasgow',
  'Hull',
  'Leeds',
  'Norwich',
  'Plymouth',
  'York',
];

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly pence: number;
}

const product = (sku: string, name: string, pence: number): Product => ({ sku, name, pence });

export const PRODUCTS: readonly [Product, ...Product[]] = [
  product('KET-01', 'Stovetop kettle, enamel', 4_450),
  product('KET-02', 'Gooseneck kettle', 6_900),
  product('PAN-20', 'Cast iron pan, 20 cm', 3_250),
  product('PAN-28', 'Cast iron pan, 28 cm', 4_875),
  product('POT-05', 'Stock pot, 5 l', 5_999),
  product('KNF-01', 'Paring knife', 1_480),
  product('KNF-02', 'Bread knife', 2_640),
  product('BRD-01', 'Oak chopping board', 3_100),
  product('MUG-04', 'Stoneware mugs, set of four', 2_895),
  product('BWL-06', 'Serving bowl, speckled', 1_950),
  product('LIN-02', 'Linen tea towels, pair', 1_275),
  product('APR-01', 'Waxed apron', 3_840),
  product('LMP-01', 'Storm lamp, brass', 8_425),
  product('CND-06', 'Beeswax candles, six', 1_160),
  product('RUG-01', 'Hearth rug, wool', 12_990),
  product('BSK-02', 'Log basket', 5_420),
  product('TEA-10', 'Harbour blend tea, 250 g', 785),
  product('GRT-01', 'Cast grater', 1_035),
];

export const QUESTIONS: Words = [
  'Hello, when will the {product} be back in stock?',
  'Can I change the delivery address of my order? We are moving next week.',
  'Is the {product} safe on an induction hob?',
  'Could you send me the invoice of my last order again, please?',
  'Do you gift wrap? It is a birthday present and should arrive before Saturday.',
  'I was charged twice, I think. Could somebody have a look?',
  'How do I care for the {product}? The leaflet was missing.',
  'My voucher code is refused at the checkout.',
];
export const ANSWERS: Words = [
  'Thank you for writing. It is back on the shelf from Tuesday, and we have put one aside for you.',
  'Done: your order goes to the new address. You will hear from the courier the day before.',
  'Yes, it is. Warm it slowly the first few times.',
  'The invoice is attached. Have a good week!',
  'We wrap gladly. There is a small card with it, just tell us what to write.',
  'You were right, and the second payment is on its way back to you. Sorry for the fright.',
  'Wash by hand, dry at once, and oil it lightly now and then.',
];
export const CALLS: Words = [
  'Asked about opening hours of the Harbour Street store.',
  'Wanted to know whether the order had left the warehouse. It had.',
  'Needs the delivery on a Friday; moved.',
  'Asked for advice between the two pans, chose the larger one.',
  'Called to thank the packing team for the note in the parcel.',
];
export const VISITS: Words = [
  'Looked at the lamps, took a catalogue home.',
  'Picked up a reserved order at the counter.',
  'Came to the sharpening morning with three knives.',
];
export const TROUBLES: Words = [
  'The {product} arrived broken, the box was open on one side.',
  'My parcel is a week late and the tracking page still says tomorrow.',
  'You sent the wrong item: I ordered the {product} and got candles.',
  'The {product} smells of paint even after three washes.',
];
export const APOLOGIES: Words = [
  'We are sorry. A new {product} leaves today by express, keep the old one.',
  'That should not have happened. The courier has been told, and the postage is on us.',
  'Please accept our apologies: a refund is on its way, it takes two to three days.',
];
export const PRAISE: Words = [
  'What a turnaround! The new {product} came the next day, with a note. You have a customer for life.',
  'I was cross, and you sorted it out in a day. Thank you, really.',
  'Lovely people on the phone. The {product} is on our table every evening.',
];
export const SUGGESTIONS: Words = [
  'A smaller size of the {product} would be nice for one person.',
  'Please use less paper in the parcels.',
  'An evening opening in December would help those of us who work.',
];
export const REFUND_REASONS: Words = [
  'broken on arrival',
  'late, no longer needed',
  'wrong item',
  'did not fit the hob',
];
export const CAMPAIGNS: Words = ['spring-table', 'summer-outdoors', 'autumn-hearth', 'winter-lights'];
export const AGENTS: Words = ['agent-03', 'agent-07', 'agent-11', 'agent-12', 'agent-18', 'agent-21'];
