import { wordsIn } from '../bench/generate';

/** What the demo's company is made of. All invented: no name, product or sentence is anybody's. */
export type Words = readonly [string, ...string[]];

export const COMPANY = 'Hearth & Harbour';

export const FIRST_NAMES = wordsIn(
  'Ada Aisha Alice Amir Anna Arun Bea Ben Beth Bruno Cara Chloé Clara Colin Dan Dina Dora Eli Elif Emma Esme ' +
    'Fatima Femi Finn Flora Gita Grace Hana Henry Hugo Ida Ines Isaac Ivo Jack Jana Joan Jonas Julia Kai Katya ' +
    'Keir Laila Lea Leo Lina Luis Mara Martha Mei Milo Molly Nadia Niamh Nils Nora Olive Omar Owen Pia Priya ' +
    'Rafael Rhys Rosa Ruth Sam Sara Sean Selma Sofia Tara Theo Tom Uma Vera Will Yara Yusuf Zara Zoë',
);
export const LAST_NAMES = wordsIn(
  'Abbot Adeyemi Ainsley Ashdown Banerjee Barlow Bell Birch Blackwood Calder Castell Chandra Coates Dale Dhillon ' +
    'Drummond Eastman Ellery Faye Fenwick Finch Galbraith Garland Greaves Hale Harrow Hollis Hussain Ibrahim Iqbal ' +
    'Jarvis Jessop Kaur Keller Kendrick Larkin Lindqvist Lowe Mahmood Marchetti Mercer Moreau Nakata Nash Norris ' +
    'Okoye Oliver Osborne Parekh Pellar Penrose Pryce Quill Rahman Redfern Reyes Rowan Sato Sharma Shaw Silva Stone ' +
    'Talbot Thorne Tilley Underhill Usman Vance Voss Walsh Weir Winter Wren Yates Young Zeller',
);
export const CITIES: Words = [
  'Aberdeen',
  'Belfast',
  'Bristol',
  'Cardiff',
  'Exeter',
  'Glasgow',
  'Hull',
  'Leeds',
  'Lincoln',
  'Norwich',
  'Oxford',
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

export const CAMPAIGNS: Words = ['spring-table', 'summer-outdoors', 'autumn-hearth', 'winter-lights'];
export const AGENTS: Words = [
  'agent-03',
  'agent-07',
  'agent-11',
  'agent-12',
  'agent-18',
  'agent-21',
  'agent-26',
];
