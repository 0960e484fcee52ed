// A cursor over JSON bytes that steps over strings, numbers and words, and notices what is legal there yet harmful
// later. It knows tokens only; how they nest is judged elsewhere.

/** What was noticed inside a value. Each is legal JSON that a receiver or a database may choke on. */
export interface JsonRemarks {
  /** Blanks or line breaks between tokens. */
  readonly hasBlanks: boolean;
  /** `\u0000` in a string or a name. */
  readonly hasNul: boolean;
  /** Half of a surrogate pair, written as an escape. */
  readonly hasLoneSurrogate: boolean;
  /** A number that PostgreSQL's numeric cannot hold. */
  readonly hasHugeNumber: boolean;
}

/** Thrown when the bytes are not JSON: the cursor stands on the offending byte, or at the end. It has no stack. */
export const brokenJson = Symbol('broken JSON');

/** The bytes that give JSON its shape. */
export const jsonBytes = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
/** Makes an ASCII letter lower case. */
const LOWER_CASE = 0x20;

/** PostgreSQL's numeric: at most this many digits before the decimal point, and after it. */
const MAX_INTEGER_DIGITS = 131_072;
const MAX_FRACTION_DIGITS = 16_383;

const simpleEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const words: Readonly<Record<number, Buffer>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
};

/** Steps over tokens; every method leaves the cursor behind what it read, or throws `brokenJson`. */
export class JsonTokens {
  /** Index of the next byte. */
  at = 0;
  private readonly bytes: Uint8Array;
  private hasBlanks = false;
  private hasNul = false;
  private hasLoneSurrogate = false;
  private hasHugeNumber = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** What was noticed since the last call of `forget`. */
  remarks(): JsonRemarks {
    const { hasBlanks, hasNul, hasLoneSurrogate, hasHugeNumber } = this;
    return { hasBlanks, hasNul, hasLoneSurrogate, hasHugeNumber };
  }

  /** Starts noticing afresh. */
  forget(): void {
    this.hasBlanks = this.hasNul = this.hasLoneSurrogate = this.hasHugeNumber = false;
  }

  /** The next byte; -1 at the end, which is no byte. */
  peek(): number {
    return this.bytes[this.at] ?? -1;
  }

  skipBlanks(): void {
    let byte = this.peek();
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.hasBlanks = true;
      this.at++;
      byte = this.peek();
    }
  }

  /** Steps over `byte`, which must come next. */
  take(byte: number): void {
    if (this.peek() !== byte) throw brokenJson;
    this.at++;
  }

  /** A string, number, `true`, `false` or `null`. */
  scalar(): void {
    const byte = this.peek();
    const word = words[byte];
    if (byte === jsonBytes.quote) this.string();
    else if (word === undefined) this.number();
    else for (const letter of word) this.take(letter);
  }

  /** A string with its quotes. */
  string(): void {
    this.take(jsonBytes.quote);
    for (;;) {
      const byte = this.peek();
      if (byte < 0x20) throw brokenJson;
      this.at++;
      if (byte === jsonBytes.quote) return;
      if (byte === BACKSLASH) this.escape();
    }
  }

  private escape(): void {
    const byte = this.peek();
    if (simpleEscapes.has(byte)) this.at++;
    else {
      this.take(LETTER_U);
      this.codeUnit(this.hexadecimal());
    }
  }

  private codeUnit(unit: number): void {
    if (unit === 0) this.hasNul = true;
    if (unit < 0xd800 || unit > 0xdfff) return;
    if (unit < 0xdc00 && this.isLowSurrogateNext()) {
      this.at += 2;
      this.hexadecimal();
    } else this.hasLoneSurrogate = true;
  }

  /** Whether `\uDC00` to `\uDFFF` comes next, judged by its first two digits. */
  private isLowSurrogateNext(): boolean {
    const [backslash, letter, first, second] = this.bytes.subarray(this.at, this.at + 4);
    if (backslash !== BACKSLASH || letter !== LETTER_U) return false;
    const digit = (second ?? 0) | LOWER_CASE;
    return ((first ?? 0) | LOWER_CASE) === 0x64 && digit >= 0x63 && digit <= 0x66;
  }

  private hexadecimal(): number {
    let unit = 0;
    for (let digits = 0; digits < 4; digits++) {
      const byte = this.peek();
      const letter = (byte | LOWER_CASE) - 0x61;
      const digit = isDigit(byte) ? byte - ZERO : letter >= 0 && letter < 6 ? letter + 10 : -1;
      if (digit < 0) throw brokenJson;
      unit = unit * 16 + digit;
      this.at++;
    }
    return unit;
  }

  private number(): void {
    if (this.peek() === MINUS) this.at++;
    const integerDigits = this.peek() === ZERO ? this.oneDigit() : this.digits();
    let fractionDigits = 0;
    if (this.peek() === DOT) {
      this.at++;
      fractionDigits = this.digits();
    }
    const exponent = (this.peek() | LOWER_CASE) === LETTER_E ? this.exponent() : 0;
    const isHuge = integerDigits + exponent > MAX_INTEGER_DIGITS;
    if (isHuge || fractionDigits - exponent > MAX_FRACTION_DIGITS) this.hasHugeNumber = true;
  }

  private exponent(): number {
    this.at++;
    const sign = this.peek();
    if (sign === PLUS || sign === MINUS) this.at++;
    const start = this.at;
    const digits = this.digits();
    const size = Number(Buffer.from(this.bytes.subarray(start, start + digits)).toString());
    return sign === MINUS ? -size : size;
  }

  private oneDigit(): number {
    this.at++;
    return 1;
  }

  private digits(): number {
    const start = this.at;
    while (isDigit(this.peek())) this.at++;
    if (this.at === start) throw brokenJson;
    return this.at - start;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}
