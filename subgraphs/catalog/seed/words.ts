/** A kind of sample product: how it is called, what is said of it and what it costs. */
export interface Assortment {
  readonly typeCode: string;
  readonly typeName: string;
  readonly optionName: string;
  readonly optionValues: readonly string[];
  /** The two halves of titles; any first goes with any second. */
  readonly firsts: readonly string[];
  /** What the thing is, with the slug of its category and its price from and to, in euros. */
  readonly seconds: readonly (readonly [string, string, number, number])[];
  readonly sentences: readonly string[];
  readonly tags: readonly string[];
  readonly weights: readonly [number, number];
}

export const assortments: readonly Assortment[] = [
  {
    typeCode: 'book',
    typeName: 'Book',
    optionName: 'Format',
    optionValues: ['Paperback', 'Hardcover', 'Large print'],
    firsts: [
      'The Salt',
      'A Winter',
      'The Last',
      'Letters from the',
      'The Glass',
      'Beneath the',
      'The Cartographer’s',
      'An Honest',
      'The Quiet',
      'Seven Roads to the',
      'The Clockmaker’s',
      'Notes on a',
      'The Northern',
      'Return to the',
      'The Unfinished',
      'A Brief History of the',
    ],
    seconds: [
      ['Lighthouse', 'novels', 11, 28],
      ['Orchard', 'novels', 10, 26],
      ['Harbor', 'crime', 9, 24],
      ['Witness', 'crime', 9, 22],
      ['Dragon', 'fantasy', 12, 30],
      ['Archive', 'fantasy', 12, 29],
      ['River', 'history', 16, 42],
      ['Garden', 'nature', 18, 48],
      ['Moth', 'poetry', 8, 18],
      ['Kite', 'picture-books', 9, 19],
    ],
    sentences: [
      'When the ferry stops running, a small town discovers what it has been keeping from itself.',
      'Told over a single year, this is a story of two sisters, one house and a debt that will not stay buried.',
      'Meticulously researched and warmly told, it opens a door onto lives that the record books left out.',
      'A slow-burning mystery in which every witness tells the truth and nobody tells all of it.',
      'Short chapters, long shadows: readers finish it in a weekend and think of it for a month.',
      'The author walked every mile of the route, and the maps at the front are drawn by hand.',
      'Funny, exact and unexpectedly tender, it rewards reading aloud.',
    ],
    tags: ['staff pick', 'debut', 'translated', 'award winner', 'book club', 'signed copies'],
    weights: [180, 900],
  },
  {
    typeCode: 'kitchen',
    typeName: 'Kitchenware',
    optionName: 'Size',
    optionValues: ['Medium', 'Small', 'Large'],
    firsts: [
      'Hammered',
      'Everyday',
      'Stoneware',
      'Cast-Iron',
      'Oak-Handled',
      'Nordic',
      'Enameled',
      'Forged',
      'Rustic',
      'Brushed-Steel',
      'Farmhouse',
      'Slate-Gray',
      'Hand-Thrown',
      'Copper-Bottomed',
      'Beechwood',
      'Professional',
    ],
    seconds: [
      ['Saucepan', 'pots-and-pans', 34, 120],
      ['Skillet', 'pots-and-pans', 29, 95],
      ['Chef’s Knife', 'knives', 39, 160],
      ['Paring Knife', 'knives', 15, 48],
      ['Mixing Bowl', 'baking', 12, 45],
      ['Loaf Tin', 'baking', 11, 32],
      ['Serving Platter', 'tableware', 18, 64],
      ['Breakfast Mug', 'tableware', 9, 22],
      ['Pour-Over Set', 'coffee-and-tea', 26, 74],
      ['Teapot', 'coffee-and-tea', 24, 69],
    ],
    sentences: [
      'Heavy enough to hold its heat, light enough to lift with one hand.',
      'The handle stays cool on the hob and fits right- and left-handed cooks alike.',
      'Each piece is finished by hand, so no two are exactly alike.',
      'Goes from oven to table without a scratch, and into the dishwasher afterwards.',
      'Made in small batches from recycled metal; the packaging is paper throughout.',
      'A shape that has not changed in a century, because it did not have to.',
    ],
    tags: ['dishwasher safe', 'induction', 'handmade', 'gift idea', 'plastic free'],
    weights: [200, 3_800],
  },
  {
    typeCode: 'outdoor',
    typeName: 'Outdoor gear',
    optionName: 'Size',
    optionValues: ['M', 'S', 'L'],
    firsts: [
      'Ridgeline',
      'Cloudberry',
      'Highmoor',
      'Trailhead',
      'Stormglass',
      'Larch',
      'Summit Day',
      'Driftline',
      'Granite',
      'Backcountry',
      'Fernway',
      'Coldwater',
      'Alpenglow',
      'Wayfarer',
      'Switchback',
      'Lakeside',
    ],
    seconds: [
      ['Rain Jacket', 'jackets', 89, 290],
      ['Down Vest', 'jackets', 79, 210],
      ['Hiking Boots', 'footwear', 99, 260],
      ['Wool Socks', 'footwear', 12, 28],
      ['Two-Person Tent', 'tents', 180, 520],
      ['Tarp', 'tents', 45, 140],
      ['Daypack', 'packs', 49, 150],
      ['Trekking Pack', 'packs', 120, 310],
      ['Camp Stove', 'camp-kitchen', 35, 130],
      ['Insulated Flask', 'camp-kitchen', 22, 48],
    ],
    sentences: [
      'Tested for a winter on wet granite and for a summer in mosquito country.',
      'Seams are taped, zips are glove-friendly, and every buckle can be replaced at home.',
      'Packs down to the size of a loaf of bread and weighs about as much.',
      'Made from recycled fabric with a finish that is free of fluorocarbons.',
      'Comes with a repair kit and a promise: we mend what wears out.',
      'Cut with room for a warm layer beneath, and long enough to sit down in snow.',
    ],
    tags: ['waterproof', 'ultralight', 'recycled', 'repairable', 'winter'],
    weights: [90, 2_900],
  },
  {
    typeCode: 'studio',
    typeName: 'Art supplies',
    optionName: 'Set',
    optionValues: ['Standard', 'Travel', 'Studio'],
    firsts: [
      'Atelier',
      'Ochre & Umber',
      'Plein-Air',
      'Sable',
      'Archival',
      'Cobalt',
      'Workshop',
      'Fine-Grain',
      'Linen',
      'Master’s',
      'Blue Hour',
      'Field',
      'Cold-Pressed',
      'Cadmium-Free',
      'Long-Handled',
      'Schoolroom',
    ],
    seconds: [
      ['Watercolors', 'paints', 18, 95],
      ['Oil Paints', 'paints', 24, 140],
      ['Gouache', 'paints', 14, 70],
      ['Round Brushes', 'brushes', 9, 60],
      ['Flat Brushes', 'brushes', 9, 55],
      ['Sketchbook', 'paper', 7, 32],
      ['Watercolor Block', 'paper', 14, 48],
      ['Graphite Pencils', 'drawing', 6, 30],
      ['Ink Pens', 'drawing', 8, 36],
      ['Table Easel', 'easels', 39, 160],
    ],
    sentences: [
      'Rich in pigment and slow to dry out, with swatches printed on the lid.',
      'Takes heavy washes without buckling and forgives a careless eraser.',
      'Balanced in the hand for hours of work; the ferrules are crimped twice.',
      'Lightfast colors only, each named by its pigment number.',
      'Folds flat, stands firm, and has been dragged over more than one beach.',
      'Chosen by the teachers of our evening classes for beginners who mean it.',
    ],
    tags: ['beginner', 'professional', 'vegan', 'refillable', 'limited edition'],
    weights: [60, 4_200],
  },
];

/** The sample taxonomy: slug, name and the slug of the category above. */
export const taxonomy: readonly (readonly [string, string, string?])[] = [
  ['books', 'Books'],
  ['fiction', 'Fiction', 'books'],
  ['novels', 'Novels', 'fiction'],
  ['crime', 'Crime', 'fiction'],
  ['fantasy', 'Fantasy', 'fiction'],
  ['poetry', 'Poetry', 'books'],
  ['history', 'History', 'books'],
  ['nature', 'Nature & Garden', 'books'],
  ['picture-books', 'Picture Books', 'books'],
  ['kitchen', 'Kitchen'],
  ['pots-and-pans', 'Pots & Pans', 'kitchen'],
  ['knives', 'Knives', 'kitchen'],
  ['baking', 'Baking', 'kitchen'],
  ['tableware', 'Tableware', 'kitchen'],
  ['coffee-and-tea', 'Coffee & Tea', 'kitchen'],
  ['outdoor', 'Outdoor'],
  ['jackets', 'Jackets', 'outdoor'],
  ['footwear', 'Footwear', 'outdoor'],
  ['tents', 'Tents & Tarps', 'outdoor'],
  ['packs', 'Packs', 'outdoor'],
  ['camp-kitchen', 'Camp Kitchen', 'outdoor'],
  ['studio', 'Studio'],
  ['paints', 'Paints', 'studio'],
  ['brushes', 'Brushes', 'studio'],
  ['paper', 'Paper', 'studio'],
  ['drawing', 'Drawing', 'studio'],
  ['easels', 'Easels', 'studio'],
];

interface SampleAttribute {
  readonly code: string;
  readonly name: string;
  readonly kind: 'ISBN' | 'NUMBER' | 'CHOICE' | 'BOOLEAN';
  readonly required?: boolean;
  readonly unit?: string;
  readonly choices?: readonly string[];
}

export const attributesByType: Readonly<Record<string, readonly SampleAttribute[]>> = {
  book: [
    { code: 'isbn', name: 'ISBN', kind: 'ISBN', required: true },
    { code: 'language', name: 'Language', kind: 'CHOICE', choices: ['English', 'German', 'French', 'Italian'] },
    { code: 'pages', name: 'Pages', kind: 'NUMBER' },
  ],
  kitchen: [
    { code: 'material', name: 'Material', kind: 'CHOICE', choices: ['Steel', 'Cast iron', 'Ceramic', 'Wood'] },
    { code: 'diameter', name: 'Diameter', kind: 'NUMBER', unit: 'cm' },
    { code: 'dishwasher_safe', name: 'Dishwasher safe', kind: 'BOOLEAN' },
  ],
  outdoor: [
    { code: 'fabric', name: 'Fabric', kind: 'CHOICE', choices: ['Wool', 'Nylon', 'Cotton', 'Down'] },
    { code: 'water_column', name: 'Water column', kind: 'NUMBER', unit: 'mm' },
    { code: 'waterproof', name: 'Waterproof', kind: 'BOOLEAN' },
  ],
  studio: [
    { code: 'medium', name: 'Medium', kind: 'CHOICE', choices: ['Watercolor', 'Oil', 'Ink', 'Graphite'] },
    { code: 'pieces', name: 'Pieces', kind: 'NUMBER' },
    { code: 'lightfast', name: 'Lightfast', kind: 'BOOLEAN' },
  ],
};
